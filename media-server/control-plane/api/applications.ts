import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  createMeeting,
  createToken,
  HoldfastError,
  openJoin,
  parsed,
  type tokenView,
} from '../../protocol/index.ts';
import * as v from '../../protocol/values.ts';
import type { Directory } from '../directory.ts';
import type { MeetingRecord } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import type { Tokens } from '../tokens.ts';
import { onlyBearer } from './auth.ts';

import { meetingViewOf } from './operators.ts';

export interface ApplicationRoutesOptions {
  readonly apiKey: string;
  /** Anybody may join any meeting: the page itself plays the application. */
  readonly openJoin: boolean;
  readonly tokens: Tokens;
  readonly directory: Directory;
  readonly meetings: Table<MeetingRecord>;
  readonly now: () => number;
}

/** A meeting that an application made and nobody uses is forgotten this long after its start, ms. */
const MEETING_KEPT_MS = 7 * 24 * 3_600_000;
/** A participant who joins by the page gets a token that lasts for the way to the gateway, in seconds. */
const OPEN_JOIN_TTL_S = 300;

/** What applications do: make meetings and let people in. */
export function applicationRoutes(app: FastifyInstance, options: ApplicationRoutesOptions): void {
  const { tokens, directory, meetings, now } = options;
  const guard = { onRequest: onlyBearer('API key', options.apiKey) };

  app.post('/v1/meetings', guard, async (request, reply) => {
    const wanted = parsed(createMeeting, request.body ?? {});
    const record: MeetingRecord = {
      meetingId: wanted.meetingId ?? newId(),
      createdAtMs: now(),
      startsAtMs: wanted.startsAtMs ?? null,
      expectedParticipants: wanted.expectedParticipants ?? null,
    };
    const { meetingId } = record;
    const ttlMs = Math.max(0, (record.startsAtMs ?? 0) - now()) + MEETING_KEPT_MS;
    const made = await meetings.compareAndSet(meetingId, undefined, record, { ttlMs });
    const stored = made ? record : (await meetings.get(meetingId))?.value;
    if (
      stored?.startsAtMs !== record.startsAtMs ||
      stored.expectedParticipants !== record.expectedParticipants
    ) {
      throw new HoldfastError('CONFLICT', `meeting ${meetingId} is there already, with other values`);
    }
    const entry = await directory.get(meetingId);
    return reply.status(made ? 201 : 200).send(meetingViewOf(meetingId, entry, stored, []));
  });

  app.post('/v1/meetings/:id/tokens', guard, async (request, reply) => {
    const { id: meetingId } = parsed(z.object({ id: v.meetingId }), request.params);
    const { displayName, participantId = newId(), ttlSeconds } = parsed(createToken, request.body);
    // A running meeting counts too: the record of its making may have been lost with a store.
    if (!(await meetings.get(meetingId)) && !(await directory.get(meetingId))) {
      throw new HoldfastError('MEETING_UNKNOWN', `there is no meeting ${meetingId}`);
    }
    return reply.status(201).send(await give({ meetingId, participantId, displayName }, ttlSeconds));
  });

  if (options.openJoin) {
    app.post('/v1/join', async (request, reply) => {
      const { meetingId, displayName } = parsed(openJoin, request.body);
      const record = { meetingId, createdAtMs: now(), startsAtMs: null, expectedParticipants: null };
      await meetings.compareAndSet(meetingId, undefined, record, { ttlMs: MEETING_KEPT_MS });
      return reply
        .status(201)
        .send(await give({ meetingId, participantId: newId(), displayName }, OPEN_JOIN_TTL_S));
    });
  }

  const give = async (
    grant: { meetingId: string; participantId: string; displayName: string },
    ttlSeconds: number,
  ): Promise<z.output<typeof tokenView>> => {
    const { token, expiresAtMs } = await tokens.participant(grant, ttlSeconds);
    return { token, meetingId: grant.meetingId, participantId: grant.participantId, expiresAtMs };
  };
}

/** 16 characters that nobody guesses; starts with a letter, as ids must not start with "-" or "_". */
function newId(): string {
  return `a${randomBytes(12).toString('hex').slice(0, 15)}`;
}
