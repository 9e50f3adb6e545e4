import { setTimeout as delay } from 'node:timers/promises';
import {
  type DecisionList,
  decisionList,
  errorBody,
  type KeptDecision,
  type MeetingView,
  meetingList,
  type NodeView,
  nodeList,
  nodeView,
} from '@holdfast/media-server/protocol/index.ts';
import type { z } from 'zod';

/** The operators' part of the REST API. */
export class OperatorApi {
  readonly #baseUrl: string;
  readonly #token: string;

  constructor(baseUrl: string, token: string) {
    this.#baseUrl = baseUrl;
    this.#token = token;
  }

  async nodes(): Promise<NodeView[]> {
    return (await this.#call('GET', '/v1/nodes', nodeList)).nodes;
  }

  async meetings(): Promise<MeetingView[]> {
    return (await this.#call('GET', '/v1/meetings', meetingList)).meetings;
  }

  /** What the autoscaler decided, and who leads. */
  scaling(): Promise<DecisionList> {
    return this.#call('GET', '/v1/decisions', decisionList);
  }

  /** The newest first. */
  async decisions(): Promise<KeptDecision[]> {
    return (await this.scaling()).decisions;
  }

  drain(nodeId: string, reason: string): Promise<NodeView> {
    return this.#call('POST', `/v1/nodes/${encodeURIComponent(nodeId)}/drain`, nodeView, { reason });
  }

  cancelDrain(nodeId: string): Promise<NodeView> {
    return this.#call('DELETE', `/v1/nodes/${encodeURIComponent(nodeId)}/drain`, nodeView);
  }

  /** Looks every 100 ms until the nodes are as wished. Rejects after `limitMs` with what was waited for. */
  async waitForNodes(
    what: string,
    wished: (nodes: readonly NodeView[]) => boolean,
    options: { limitMs: number; signal?: AbortSignal },
  ): Promise<NodeView[]> {
    const deadlineMs = Date.now() + options.limitMs;
    for (;;) {
      options.signal?.throwIfAborted();
      const nodes = await this.nodes();
      if (wished(nodes)) return nodes;
      if (Date.now() > deadlineMs) {
        const states = nodes.map(
          ({ nodeId, drain, meetings }) => `${nodeId} ${drain.state}, ${meetings.length} meetings`,
        );
        throw new Error(
          `${what}: not within ${options.limitMs / 1000} s (${states.join('; ') || 'no nodes'})`,
        );
      }
      await delay(100, undefined, options.signal ? { signal: options.signal } : {});
    }
  }

  async #call<S extends z.ZodType>(
    method: string,
    path: string,
    schema: S,
    body?: unknown,
  ): Promise<z.output<S>> {
    const response = await fetch(new URL(path, this.#baseUrl), {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const answer: unknown = await response.json();
    if (!response.ok) {
      const { error } = errorBody.parse(answer);
      throw new Error(`${method} ${path}: ${error.code}: ${error.message} ${error.action}`);
    }
    return schema.parse(answer);
  }
}
