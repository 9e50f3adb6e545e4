// Step 3: a Chromium, whose participants are the proof that a meeting lives on.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { hasApt, installPackages } from './apt.mjs';
import { SetupError } from './errors.mjs';
import { step } from './step.mjs';

const names = ['chromium', 'google-chrome', 'google-chrome-stable'];
const onMac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/**
 * @param {() => Promise<void>} confirm asked before anything slow is begun
 * @returns {Promise<string>} its path
 */
export async function browser(confirm) {
  const chosen = process.env.HOLDFAST_CHROMIUM;
  if (chosen) {
    if (isProgram(chosen)) return chosen;
    throw new SetupError(`HOLDFAST_CHROMIUM is ${chosen}, which is no program`);
  }
  const there = find();
  if (there) return there;
  if (hasApt && process.getuid?.() === 0) {
    await confirm();
    // Without a font every text is a row of boxes.
    await step('installing Chromium', () =>
      installPackages(['chromium', 'fonts-liberation'], 'for Chromium'),
    );
  }
  const installed = find();
  if (installed) return installed;
  throw new SetupError(
    'Chromium is needed and not there',
    'Install it, or set HOLDFAST_CHROMIUM to a Chrome.',
  );
}

function find() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return [...folders.flatMap((folder) => names.map((name) => join(folder, name))), onMac].find(isProgram);
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not to be run: either way another one is needed.
    return false;
  }
}
