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
import type { Directory } from '../directory/directory.ts';
import type { MeetingRecord } from '../store/records.ts';
import type { Table } from '../store/store.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { type OnRefused, onlyBearer } from './auth.ts';
import type { JoinLimits } from './join-limits.ts';
import { meetingViewOf } from './meeting-view.ts';

export interface ApplicationRoutesOptions {
  readonly apiKey: string;
  /** Anybody may join any meeting: the page itself plays the application. */
  readonly openJoin: boolean;
  readonly tokens: Tokens;
  readonly directory: Directory;
  readonly meetings: Table<MeetingRecord>;
  /** Puts everybody, or one participant, out of a meeting at once. @returns how many were there */
  readonly remove: (meetingId: string, participantId?: string) => Promise<number>;
  readonly onRefused: OnRefused;
  readonly limits: JoinLimits;
  readonly now: () => number;
}

/** A meeting that an application made and nobody uses is forgotten this long after its start, ms. */
const MEETING_KEPT_MS = 7 * 24 * 3_600_000;
/** A participant who joins by the page gets a token that lasts for the way to the gateway, in seconds. */
const OPEN_JOIN_TTL_S = 300;

/** What applications do: make meetings and let people in. */
export function applicationRoutes(app: FastifyInstance, options: ApplicationRoutesOptions): void {
  const { tokens, directory, meetings, remove, now } = options;
  const guard = { onRequest: onlyBearer('application', options.apiKey, options.onRefused) };

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

  app.delete('/v1/meetings/:id', guard, async (request, reply) => {
    const { id: meetingId } = parsed(z.object({ id: v.meetingId }), request.params);
    const known = (await meetings.delete(meetingId)) || (await directory.get(meetingId)) !== undefined;
    const removed = await remove(meetingId);
    if (!known && removed === 0)
      throw new HoldfastError('MEETING_UNKNOWN', `there is no meeting ${meetingId}`);
    return reply.status(204).send();
  });

  app.delete('/v1/meetings/:id/participants/:participant', guard, async (request, reply) => {
    const params = z.object({ id: v.meetingId, participant: v.participantId });
    const { id, participant } = parsed(params, request.params);
    // Also when nobody of that name is there: a token that was given out must not let them in later.
    await remove(id, participant);
    return reply.status(204).send();
  });

  if (options.openJoin) {
    // Nothing is kept of a join that nobody follows up: the meeting begins with its first participant.
    app.post('/v1/join', { onRequest: options.limits.hooks }, async (request, reply) => {
      const { meetingId, displayName } = parsed(openJoin, request.body);
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
