import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type AttackOrder, type AttackTally, attackerReport } from './attack.ts';

const program = fileURLToPath(new URL('attacker-main.ts', import.meta.url));

/** The process of the attackers. It ends with this one. */
export class Attacker {
  readonly #process: ChildProcess;

  constructor() {
    this.#process = fork(program, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** One attack. Resolves when it is over; rejects when the signal aborts or the process ends. */
  async attack(
    order: AttackOrder,
    options: { readonly signal: AbortSignal; readonly progress: (messages: number) => void },
  ): Promise<AttackTally> {
    const child = this.#process;
    if (!child.connected) throw new Error('the attackers are gone');
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        child.off('message', onMessage);
        child.off('exit', onExit);
        options.signal.removeEventListener('abort', onAbort);
        then();
      };
      const onMessage = (message: unknown) => {
        const told = attackerReport.parse(message);
        if (told.type === 'done') settle(() => resolve(told.tally));
        else options.progress(told.messages);
      };
      const onExit = () => settle(() => reject(new Error('the attackers ended before the attack was over')));
      const onAbort = () => settle(() => reject(options.signal.reason));
      child.on('message', onMessage);
      child.once('exit', onExit);
      options.signal.addEventListener('abort', onAbort, { once: true });
      child.send(order);
    });
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }
}
