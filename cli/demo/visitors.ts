import type { LocalPlatform } from '../local/local-platform.ts';
import { ProtocolParticipant } from '../observe/protocol-participant.ts';
import type { Arc, DemoMeeting } from './arc.ts';

/** What an application does before people come: it says who is expected, so that there is room for them. */
export async function announce(platform: LocalPlatform, { visitors, meetings }: Arc): Promise<void> {
  for (const meeting of [visitors, ...meetings]) await announceMeeting(platform, meeting);
}

async function announceMeeting({ baseUrl, apiKey }: LocalPlatform, meeting: DemoMeeting): Promise<void> {
  const { meetingId, people } = meeting;
  const response = await fetch(new URL('/v1/meetings', baseUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ meetingId, expectedParticipants: people }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`POST /v1/meetings was answered with ${response.status}`);
}

/** People who are there without a browser, which a small machine could not carry as well. */
export class Visitors {
  readonly #people: ProtocolParticipant[] = [];

  async arrive({ baseUrl }: LocalPlatform, { meetingId, people }: DemoMeeting): Promise<void> {
    for (let index = 0; index < people; index += 1)
      this.#people.push(await ProtocolParticipant.join(baseUrl, meetingId, `Visitor ${index + 1}`));
  }

  async leave(): Promise<void> {
    await Promise.all(this.#people.splice(0).map((person) => person.leave()));
  }
}
