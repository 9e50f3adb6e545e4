import { ConfigError, launchDescription, loadConfig } from '@holdfast/media-server/config/index.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { createLogger } from '@holdfast/media-server/process/logger.ts';
import { openAwsMachine } from '../clouds/aws/open-aws-machine.ts';
import { prepareMachine } from './prepare-machine.ts';
import { Systemd } from './systemd.ts';

/** `first-boot LAUNCH.json`: exit code 78 when what the machine was launched as makes no sense. */
const log = createLogger('first-boot');
const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());

try {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new ConfigError('no launch description given. Usage: first-boot LAUNCH.json');
  const launch = loadConfig(launchDescription, ['--config', file]);
  // Other addresses than the cloud's own, for tests.
  const { HOLDFAST_METADATA: metadata, HOLDFAST_CLOUD_API: endpoint } = process.env;
  await prepareMachine(launch, {
    services: openAwsMachine({ region: launch.cloud.region, endpoint, metadataEndpoint: metadata }),
    system: new Systemd({ release: process.env.HOLDFAST_RELEASE ?? '/opt/holdfast/current' }),
    clock: systemClock,
    log,
    signal: stop.signal,
  });
} catch (error) {
  if (error instanceof ConfigError) {
    process.stderr.write(`first-boot: ${error.message}\n`);
    process.exitCode = ConfigError.exitCode;
  } else {
    log.fatal({ err: error }, 'boot.failed');
    process.exitCode = 1;
  }
}
