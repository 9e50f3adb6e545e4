#!/usr/bin/env node
// Starts Holdfast, also in a fresh clone: prepares what a command needs, then runs it.
//
//   node cli/setup/run.mjs COMMAND [ARGUMENTS]      e.g. node cli/setup/run.mjs demo --json

// Before anything else is loaded: an older Node would trip over the code in its own words.
if (Number.parseInt(process.versions.node, 10) < 20) {
  console.error(
    `holdfast: Node.js 20 or newer is needed, this is ${process.version}. See https://nodejs.org`,
  );
  process.exit(1);
}
const { main } = await import('./main.mjs');
process.exitCode = await main(process.argv.slice(2));
