import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface CoturnCliOptions {
  readonly port: number;
  readonly password: string;
  /** Of each answer, ms. Default 2000. */
  readonly timeoutMs?: number;
}

const PROMPT = '\r\n> ';
const PASSWORD_PROMPT = 'Enter password: \r\n';

/** Ends allocations before their time, over the command line of the running server: credentials that were used end nothing. */
export async function cancelSessions(options: CoturnCliOptions, sessions: readonly string[]): Promise<void> {
  const { port, password, timeoutMs = 2000 } = options;
  const socket = connect({ host: '127.0.0.1', port });
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    await once(socket, 'connect', { signal });
    await heard(socket, PASSWORD_PROMPT, signal);
    await ask(socket, password, signal);
    for (const session of sessions) await ask(socket, `cs ${session}`, AbortSignal.timeout(timeoutMs));
  } finally {
    socket.destroy();
  }
}

function ask(socket: Socket, command: string, signal: AbortSignal): Promise<void> {
  const answered = heard(socket, '> ', signal);
  socket.write(`${command}\r\n`);
  return answered;
}

/** Resolves when what comes ends with this. */
async function heard(socket: Socket, end: string, signal: AbortSignal): Promise<void> {
  let text = '';
  for (;;) {
    const [chunk]: unknown[] = await once(socket, 'data', { signal });
    text += String(chunk);
    if (text.endsWith(end) || text.endsWith(PROMPT)) return;
  }
}
