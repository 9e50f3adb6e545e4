// The mutation run, `npm run mutation`: changes the files that decide, one small change at a time, and counts the
// changes that no test notices. A file joins when it decides something (who moves, who is told, who is ended) and is
// a pure function of what it is given: such a file has no excuse for a rule that no test protects.

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation/vitest.config.ts' },
  mutate: [
    'lifecycle-hooks/agent/{drain-knowledge,drain-plan,next-step}.ts',
    'lifecycle-hooks/clouds/aws/{cloud-error,fleet-ledger,member-state,metadata-notices}.ts',
    'lifecycle-hooks/autoscaler/{choices,planner,shortage,sight}.ts',
    'media-server/capacity/{admission,demand,meeting-load,node-room,placement,reservations}.ts',
    'media-server/client/switching.ts',
    'media-server/control-plane/directory/{directory-entry,move-status,verdicts}.ts',
    'media-server/control-plane/gateway/session-state.ts',
    'media-server/media-node/leg-life.ts',
    'media-server/process/connection-budget.ts',
    'media-server/drain/drain-machine.ts',
    'media-server/media-node/{evacuation-plan,handover-schedule}.ts',
    'media-server/media-node/handover-{answers,knowledge,next,people,phases,plan,tally}.ts',
  ],
  // Words for people are no decisions.
  mutator: { excludedMutations: ['StringLiteral'] },
  thresholds: { high: 90, low: 85, break: 85 },
  coverageAnalysis: 'perTest',
  // What is constant is built while a module is loaded; looking at it costs one start of all tests for each change.
  ignoreStatic: true,
  // The tests run on types that are stripped, not checked.
  disableTypeChecks: false,
  concurrency: 2,
  // For what hangs: a loop that a change has made endless.
  timeoutMS: 4000,
  tempDirName: '.mutation',
  cleanTempDir: 'always',
  ignorePatterns: [
    'dist',
    'media-server/web',
    'cli',
    'test/browser',
    'test/worker',
    'test/faults',
    'test/web',
    'test/cli',
  ],
  reporters: ['clear-text', 'progress'],
  clearTextReporter: { allowColor: process.stdout.isTTY, logTests: false, reportTests: false },
  allowConsoleColors: process.stdout.isTTY,
};
