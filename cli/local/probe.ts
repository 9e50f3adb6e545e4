import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, answerTo } from './answer.ts';
import { describeEnd, type ManagedProcess } from './managed-process.ts';

export interface ProbeOptions {
  readonly url: string;
  /** The certificate (PEM) that the server must have, whatever name it is for: we connect to our own process. */
  readonly certificate?: string | undefined;
  readonly bearer?: string;
}

const ANSWER_LIMIT_MS = 2000;
const BETWEEN_MS = 50;
const READY_LIMIT_MS = 30_000;

/** One GET to a process of ours. */
export async function probe({ url, certificate, bearer }: ProbeOptions): Promise<Answer> {
  const options = {
    agent: false as const,
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  };
  const outgoing =
    certificate === undefined
      ? httpRequest(url, options)
      : httpsRequest(url, {
          ...options,
          ca: certificate,
          allowPartialTrustChain: true,
          checkServerIdentity: () => undefined,
        });
  const answer = answerTo(outgoing);
  outgoing.end();
  return answer;
}

/**
 * Resolves when `/readyz` answers 200. Rejects when the process ends before that, takes too long or the signal aborts; the
 * process is not ended.
 */
export async function untilReady(
  child: ManagedProcess,
  options: ProbeOptions & { readonly signal: AbortSignal; readonly limitMs?: number },
): Promise<void> {
  const { signal, limitMs = READY_LIMIT_MS } = options;
  const deadline = performance.now() + limitMs;
  const over = new AbortController();
  const ended = child.ended.then((end) => {
    const words = child.lastWords();
    throw new Error(
      `${child.name} ended while it started (${describeEnd(end)})${words === undefined ? '' : `: ${words}`}`,
    );
  });
  // The race below reports it; afterwards it is nobody's.
  ended.catch(() => {});
  const answers = async () => {
    while (!over.signal.aborted) {
      const answer = await probe(options).catch(() => undefined);
      if (answer?.status === 200) return;
      if (performance.now() > deadline)
        throw new Error(`${child.name} was not ready within ${limitMs / 1000} s`);
      await delay(BETWEEN_MS, undefined, { signal });
    }
  };
  try {
    await Promise.race([answers(), ended]);
    signal.throwIfAborted();
  } finally {
    over.abort();
  }
}
