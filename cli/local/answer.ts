import type { ClientRequest } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The whole answer to a request that is yet to be ended. Rejects when either connection or answer breaks. */
export function answerTo(outgoing: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
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
  });
}
