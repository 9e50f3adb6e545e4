import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The unit tests, run on the copy of the sources that the mutation run has changed. */
export default defineConfig({
  root,
  // The workspaces' links in node_modules lead to the sources as they are, not to the changed ones.
  resolve: {
    alias: ['media-server', 'lifecycle-hooks'].map((name) => ({
      find: new RegExp(`^@holdfast/${name}/`),
      replacement: `${root}${name}/`,
    })),
  },
  test: {
    include: ['test/{lifecycle-hooks,media-server}/**/*.test.ts'],
    // A rule is protected by a test of the rule. These run the loops around them, and wait until they are ended for
    // what a changed rule never does.
    exclude: [
      'test/lifecycle-hooks/agent/drain-agent.test.ts',
      'test/lifecycle-hooks/clouds/aws/{aws-*,fake-*,processes,service-description,wrong-*}.test.ts',
      'test/lifecycle-hooks/autoscaler/{autoscaler,planner.property}.test.ts',
      'test/media-server/control-plane/api/**',
      'test/media-server/control-plane/gateway/*ing.test.ts',
      'test/media-server/client/connection-and-gateway.test.ts',
      'test/media-server/control-plane/gateway/{abuse,before-entering,node-links,reconciler}.test.ts',
      'test/media-server/drain/drain-socket.test.ts',
    ],
    setupFiles: ['test/mutation/setup.ts'],
    testTimeout: 20_000,
  },
});
