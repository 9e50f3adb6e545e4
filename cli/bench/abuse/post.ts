import { request } from 'node:http';

const ANSWER_LIMIT_MS = 10_000;

/** POST from an address of one's own, which `fetch` cannot. The body goes out as it is. */
export function post(
  url: string,
  body: string,
  options: { readonly bearer?: string; readonly localAddress?: string } = {},
): Promise<{ status: number; text: string }> {
  const { bearer, ...address } = options;
  return new Promise((resolve, reject) => {
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
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.end(body);
  });
}
