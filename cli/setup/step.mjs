// Says on stderr what takes long. stdout belongs to the command.

const quietMs = 2_000;
const reminderMs = 15_000;
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * Does a piece of work, and shows its progress when it takes longer than two seconds.
 * @template T
 * @param {string} title in the form "building mediasoup-worker"
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const show = process.stderr.isTTY ? spinner(title) : lines(title);
  try {
    const result = await work();
    show.end(true);
    return result;
  } catch (error) {
    show.end(false);
    throw error;
  }
}

/** @param {string} title */
function spinner(title) {
  const startedAt = performance.now();
  let frame = 0;
  let shown = false;
  const timer = setInterval(() => {
    if (performance.now() - startedAt < quietMs) return;
    shown = true;
    frame += 1;
    process.stderr.write(`\r\x1b[K${frames[frame % frames.length]} ${title}  ${since(startedAt)}`);
  }, 100);
  return {
    /** @param {boolean} good */
    end(good) {
      clearInterval(timer);
      if (shown) process.stderr.write(`\r\x1b[K${good ? '✔' : '✖'} ${title}  ${since(startedAt)}\n`);
    },
  };
}

/** @param {string} title */
function lines(title) {
  const startedAt = performance.now();
  /** @type {NodeJS.Timeout | undefined} */
  let reminder;
  const start = setTimeout(() => {
    process.stderr.write(`${title}\n`);
    reminder = setInterval(() => process.stderr.write(`${title}: ${since(startedAt)} so far\n`), reminderMs);
  }, quietMs);
  return {
    /** @param {boolean} good */
    end(good) {
      clearTimeout(start);
      if (!reminder) return;
      clearInterval(reminder);
      process.stderr.write(`${title}: ${good ? 'done' : 'stopped'} after ${since(startedAt)}\n`);
    },
  };
}

/** @param {number} startedAt */
function since(startedAt) {
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
