#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { runCommand } from './cli.ts';

process.exitCode = runCommand(process.argv.slice(2), {
  stdin: () => readFileSync(0, 'utf8'),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  env: process.env,
  nowMs: Date.now,
});
