import { controlPlaneConfig, controlPlaneSecrets, loadConfig, loadSecrets } from '../config/index.ts';
import { runProcess } from '../process/run-process.ts';
import { ControlPlane } from './control-plane.ts';

runProcess('control-plane', async (log) => {
  const config = loadConfig(controlPlaneConfig);
  return ControlPlane.start({
    config,
    secrets: loadSecrets(controlPlaneSecrets),
    log: log.child({ replicaId: config.replicaId }),
    processMetrics: true,
  });
});
