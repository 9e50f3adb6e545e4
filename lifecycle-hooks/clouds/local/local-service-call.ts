import { errorBody, HoldfastError, isErrorCode } from '@holdfast/media-server/protocol/index.ts';
import { type SocketAnswer, type SocketRequest, socketRequest } from '../../socket-http.ts';

/**
 * One call to a service of the local cloud. Its refusals keep their code; without an answer it is CLOUD_UNREACHABLE, and
 * whether there was an effect is not known.
 *
 * @param what for people: "the metadata service"
 */
export async function localServiceCall(what: string, request: SocketRequest): Promise<SocketAnswer> {
  let answer: SocketAnswer;
  try {
    answer = await socketRequest(request);
  } catch (error) {
    throw new HoldfastError('CLOUD_UNREACHABLE', `${what} did not answer: ${error}`, { cause: error });
  }
  return successful(what, answer);
}

/** The answer, unless it is a refusal. */
export function successful(what: string, answer: SocketAnswer): SocketAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const refusal = errorBody.safeParse(answer.body).data?.error;
  throw new HoldfastError(
    isErrorCode(refusal?.code) ? refusal.code : 'CLOUD_UNREACHABLE',
    refusal?.message ?? `${what} answered ${answer.status}`,
  );
}
