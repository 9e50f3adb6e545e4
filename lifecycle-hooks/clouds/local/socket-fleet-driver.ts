import type { Fleet, FleetDriver, Growth } from '../types.ts';
import { fleet } from './fleet-protocol.ts';
import { localServiceCall } from './local-service-call.ts';

const CALL_TIMEOUT_MS = 5000;

/** The local cloud's group, driven from another process over its socket. */
export class SocketFleetDriver implements FleetDriver {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async describe(): Promise<Fleet> {
    const { body } = await this.#call('GET', '/v1/fleet');
    return fleet.parse(body);
  }

  async grow(growth: Growth): Promise<void> {
    await this.#call('POST', '/v1/fleet/grow', growth);
  }

  async giveUp(memberId: string, operationId: string): Promise<void> {
    await this.#call('POST', `${memberPath(memberId)}/give-up`, { operationId });
  }

  async release(memberId: string, operationId: string): Promise<void> {
    await this.#call('POST', `${memberPath(memberId)}/release`, { operationId });
  }

  #call(method: 'GET' | 'POST', path: string, body?: unknown) {
    return localServiceCall('the local cloud', {
      socketPath: this.#socketPath,
      method,
      path,
      body,
      timeoutMs: CALL_TIMEOUT_MS,
    });
  }
}

const memberPath = (memberId: string) => `/v1/fleet/members/${encodeURIComponent(memberId)}`;
