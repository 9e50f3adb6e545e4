import type { Browser } from 'playwright-core';
import { LocalPlatform, type LocalPlatformOptions } from '../../cli/local/local-platform.ts';
import { launchChromium } from '../../cli/observe/chromium.ts';
import { OperatorApi } from '../../cli/observe/operator-api.ts';
import { ObservedParticipant, waitUntilAllSeen } from '../../cli/observe/participants.ts';

const SEEN_LIMIT_MS = 60_000;

/** A platform and a browser for one test file. */
export class Stage {
  readonly platform: LocalPlatform;
  readonly browser: Browser;
  readonly api: OperatorApi;
  readonly people: ObservedParticipant[] = [];

  private constructor(platform: LocalPlatform, browser: Browser) {
    this.platform = platform;
    this.browser = browser;
    this.api = new OperatorApi(platform.baseUrl, platform.operatorToken);
  }

  static async set(options: LocalPlatformOptions = {}): Promise<Stage> {
    const platform = await LocalPlatform.start({ nodes: 2, port: 0, ...options });
    try {
      return new Stage(platform, await launchChromium({ headed: false }));
    } catch (error) {
      await platform.close();
      throw error;
    }
  }

  /**
   * These people join this meeting; resolves when they all see each other.
   * @param baseUrl where they find the pages and the gateway
   */
  async meet(
    meeting: string,
    names: readonly string[],
    prepare?: string,
    baseUrl = this.platform.baseUrl,
  ): Promise<ObservedParticipant[]> {
    const joined: ObservedParticipant[] = [];
    for (const name of names) {
      const person = await ObservedParticipant.join(this.browser, baseUrl, meeting, name, prepare);
      joined.push(person);
      this.people.push(person);
    }
    await this.allSeen();
    return joined;
  }

  /** Everybody sees a running picture of everybody in the same meeting. */
  allSeen(steadyMs = 1000): Promise<void> {
    return waitUntilAllSeen(this.people, { steadyMs, limitMs: SEEN_LIMIT_MS });
  }

  /** Everybody leaves, and their meetings end with them. */
  async everybodyLeaves(): Promise<void> {
    await Promise.all(this.people.splice(0).map((person) => person.leave()));
    await this.api.waitForNodes(
      'all meetings end',
      (nodes) => nodes.every(({ reachable, meetings }) => !reachable || meetings.length === 0),
      { limitMs: 60_000 },
    );
  }

  async homeOf(meetingId: string): Promise<{ nodeId: string; epoch: number }> {
    const meeting = (await this.api.meetings()).find((one) => one.meetingId === meetingId);
    if (!meeting || meeting.nodeId === null || meeting.epoch === null)
      throw new Error(`${meetingId} has no home`);
    return { nodeId: meeting.nodeId, epoch: meeting.epoch };
  }

  async strike(): Promise<void> {
    await this.browser.close();
    await this.platform.close();
  }
}
