// The heavy part of set-up: what a machine must have, each step skipped when it is done already.
import { browser } from './browser.mjs';
import { debianRoot } from './debian-root.mjs';
import { pages } from './pages.mjs';
import { pulumi } from './pulumi.mjs';
import { networks, turn } from './turn.mjs';
import { worker } from './worker.mjs';

/** @typedef {'browser' | 'worker' | 'pages' | 'pulumi' | 'turn' | 'networks' | 'debian-root'} Need */

/**
 * @param {Need[]} needs
 * @param {() => Promise<void>} [beforeSlow] asked once, before the first step that is not done already
 * @returns {Promise<Record<string, string>>} variables that tell a program where things are
 */
export async function prepare(needs, beforeSlow = async () => {}) {
  /** @type {Promise<void> | undefined} */
  let asked;
  const confirm = () => (asked ??= beforeSlow());

  /** @type {Record<string, string>} */
  const variables = {};
  if (needs.includes('browser')) variables.HOLDFAST_CHROMIUM = await browser(confirm);
  if (needs.includes('worker')) variables.MEDIASOUP_WORKER_BIN = await worker(confirm);
  if (needs.includes('pages')) await pages(confirm);
  if (needs.includes('pulumi')) {
    const found = await pulumi(confirm);
    if (found !== undefined) variables.HOLDFAST_PULUMI = found;
  }
  if (needs.includes('turn')) await turn();
  if (needs.includes('networks')) await networks();
  if (needs.includes('debian-root')) {
    const made = await debianRoot();
    if (made !== undefined) variables.HOLDFAST_DEBIAN_ROOT = made;
  }
  return variables;
}
