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
    testTimeout: 20_000,
  },
});
