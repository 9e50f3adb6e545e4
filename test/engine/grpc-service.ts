import type { ServiceDefinition } from '@grpc/grpc-js';
import { Server, ServerCredentials, status, type UntypedServiceImplementation } from '@grpc/grpc-js';

export interface Service extends AsyncDisposable {
  readonly port: number;
}

type Answer<Request, Response> = (request: Request) => Response | Promise<Response>;

/** Answers a call with what `answer` returns, or with the error that it throws. */
export function unary<Request, Response>(answer: Answer<Request, Response>) {
  return (
    call: { request: Request },
    reply: (error: { code: number; details: string } | null, response?: Response) => void,
  ): void => {
    Promise.resolve()
      .then(() => answer(call.request))
      .then(
        (response) => reply(null, response),
        (error: unknown) =>
          reply({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) }),
      );
  };
}

/** Serves on a free port of loopback. */
export async function serve(
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): Promise<Service> {
  const most = 64 * 1024 * 1024;
  const server = new Server({
    'grpc.max_receive_message_length': most,
    'grpc.max_send_message_length': most,
  });
  server.addService(definition, implementation);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}
