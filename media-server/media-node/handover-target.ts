import type { ClusterSecrets } from '../config/index.ts';
import { dialRpc, type RpcSocket } from '../process/rpc-socket.ts';
import {
  commonVersion,
  HoldfastError,
  INTERNAL_VERSION,
  nodeClientContract,
  nodeContract,
} from '../protocol/index.ts';
import type { Move } from './handover-knowledge.ts';
import { refusingNodeHandlers } from './refusing-handlers.ts';

export interface HandoverTargetContext {
  readonly nodeId: string;
  readonly secrets: ClusterSecrets;
}

type TargetSocket = RpcSocket<typeof nodeClientContract, typeof nodeContract>;

/** A target that is silent for three of these is lost, ms. */
const PING_MS = 400;

export interface HandoverTargetMeeting {
  readonly id: string;
  readonly participants: readonly unknown[];
}

/** The connection to the node that a meeting is being moved to. Says once when the target, or the meeting on it, is lost. */
export class HandoverTarget {
  readonly #meeting: HandoverTargetMeeting;
  readonly #context: HandoverTargetContext;
  readonly #onLost: (why: string) => void;
  readonly #abort = new AbortController();
  #socket: TargetSocket | undefined;

  constructor(meeting: HandoverTargetMeeting, context: HandoverTargetContext, onLost: (why: string) => void) {
    this.#meeting = meeting;
    this.#context = context;
    this.#onLost = onLost;
  }

  /** Dials when there is no connection (any more): a target that lost only that one must hear of a commit all the same. */
  async request(
    method: 'meeting.prepare' | 'meeting.adopt' | 'meeting.abandon',
    { target, epoch }: Move,
    timeoutMs: number,
  ): Promise<void> {
    if (!this.#socket?.open) this.#socket = await this.#connect(target.rpcUrl, timeoutMs);
    const { id: meetingId, participants } = this.#meeting;
    const params = { meetingId, epoch };
    // Newcomers who are quicker leave room for those who are brought.
    if (method === 'meeting.prepare') {
      await this.#socket.request(method, { ...params, participants: participants.length }, { timeoutMs });
    } else await this.#socket.request(method, params, { timeoutMs });
  }

  close(): void {
    this.#abort.abort();
    this.#socket?.close('handover over');
  }

  async #connect(url: string, timeoutMs: number): Promise<TargetSocket> {
    const { nodeId, secrets } = this.#context;
    const { signal } = this.#abort;
    const socket = await dialRpc(url, secrets.HOLDFAST_CLUSTER_TOKEN, {
      local: nodeClientContract,
      remote: nodeContract,
      handlers: {
        ...refusingNodeHandlers,
        'meeting.lost': ({ meetingId }) => {
          if (meetingId === this.#meeting.id) this.#lost('the worker under the incoming meeting died');
        },
      },
      pingMs: PING_MS,
      timeoutMs,
      connectTimeoutMs: timeoutMs,
      signal,
    });
    void socket.closed.then((reason) => this.#lost(reason));
    if (signal.aborted) {
      socket.close('handover over');
      throw new HoldfastError('CONNECTION_CLOSED', 'the handover is over');
    }
    const hello = { peerId: nodeId, role: 'node', protocol: INTERNAL_VERSION } as const;
    commonVersion((await socket.request('link.hello', hello)).protocol);
    return socket;
  }

  #lost(why: string): void {
    if (!this.#abort.signal.aborted) this.#onLost(why);
  }
}
