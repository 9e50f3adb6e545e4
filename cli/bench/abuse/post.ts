import { request } from 'node:http';
import { type Answer, answerTo } from '../../local/answer.ts';

const ANSWER_LIMIT_MS = 10_000;

/** POST from an address of one's own, which `fetch` cannot. The body goes out as it is. */
export async function post(
  url: string,
  body: string,
  options: { readonly bearer?: string; readonly localAddress?: string } = {},
): Promise<Answer> {
  const { bearer, ...address } = options;
  const outgoing = request(url, {
    ...address,
    method: 'POST',
    agent: false,
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    headers: {
      'content-type': 'application/json',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
  });
  const answer = answerTo(outgoing);
  outgoing.end(body);
  return answer;
}
