import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  autoscalerConfig,
  autoscalerSecrets,
  loadConfig,
  loadSecrets,
} from '@holdfast/media-server/config/index.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { ProbeServer } from '@holdfast/media-server/process/probe-server.ts';
import { runProcess } from '@holdfast/media-server/process/run-process.ts';
import { Autoscaler } from './autoscaler.ts';
import { AutoscalerMetrics } from './autoscaler-metrics.ts';
import { ControlPlaneLink } from './control-plane-link.ts';
import { openFleet } from './open-fleet.ts';

runProcess('autoscaler', async (processLog) => {
  const config = loadConfig(autoscalerConfig);
  const { HOLDFAST_SCALING_TOKEN: token } = loadSecrets(autoscalerSecrets);
  // Another one for every process: two under one name would both lead, a stopped one and its replacement.
  const holder = `${config.name ?? hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const log = processLog.child({ holder });
  const metrics = new AutoscalerMetrics();
  const clock = systemClock;
  const link = new ControlPlaneLink({ urls: config.controlPlane.urls, token, clock });
  const fleet = openFleet(config, clock, log);
  const { policy, dryRun, intervalMs, leaseMs } = config;
  const autoscaler = new Autoscaler({
    holder,
    driver: fleet.driver,
    controlPlane: link,
    lease: link,
    policy,
    clock,
    log,
    dryRun,
    intervalMs,
    leaseMs,
    metrics,
  });
  const probes = new ProbeServer({
    nodeId: holder,
    role: 'autoscaler',
    // Ready: it sees control plane and cloud, as leader or standing by.
    readiness: () => {
      const { lookedAtMs, failure } = autoscaler.health;
      const ready = lookedAtMs !== undefined && clock.now() - lookedAtMs <= leaseMs;
      return { ready, leads: autoscaler.leads, failure };
    },
    metrics: () => metrics.render(),
    log,
  });
  const port = await probes.listen(config.http);
  log.info({ port, dryRun, policy, fleet: config.fleet.kind }, 'scaling.listening');
  const stop = new AbortController();
  const running = autoscaler.run(stop.signal);
  return {
    async close() {
      stop.abort();
      await running;
      fleet.close();
      await Promise.all([link.close(), probes.close()]);
    },
  };
});
