import type { RpcSocket } from '../process/rpc-socket.ts';
import type { nodeClientContract, nodeContract } from '../protocol/index.ts';

/** A connection that a gateway (or another node) has dialled to this node. */
export interface Link {
  /** The gateway's replica id, or the other node's id. */
  readonly peerId: string;
  readonly role: 'gateway' | 'node';
  readonly open: boolean;
  readonly request: LinkSocket['request'];
  readonly notify: LinkSocket['notify'];
}

export type LinkSocket = RpcSocket<typeof nodeContract, typeof nodeClientContract>;
