import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fakeScreen, rememberConnections } from './page-scripts.ts';
import { Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterEach(() => stage.everybodyLeaves());
afterAll(() => stage.strike());

describe('people in a meeting', () => {
  it('see and hear each other over UDP, straight to the node', async () => {
    const [ada, ben] = await stage.meet('talk', ['Ada', 'Ben']);
    const diagnostics = await ada?.diagnostics();
    expect(diagnostics?.streams.map(({ displayName, source }) => `${displayName} ${source}`).sort()).toEqual([
      'Ben camera',
      'Ben microphone',
    ]);
    expect(diagnostics?.legs).toMatchObject([
      { current: true, sendState: 'connected', recvState: 'connected' },
    ]);
    expect(diagnostics?.legs[0]?.path).toBe('udp');
    await expect
      .poll(
        async () => {
          const stats = await ada?.diagnostics();
          return stats?.streams.find(({ source }) => source === 'camera')?.frameWidth;
        },
        { timeout: 30_000 },
      )
      .toBe(640);
    expect(ada?.errors).toEqual([]);
    expect(ben?.errors).toEqual([]);
  });

  it('send two simulcast layers of a 640 wide picture, and both are encoded', async () => {
    const [ada] = await stage.meet('layers', ['Ada', 'Ben'], rememberConnections);
    await expect
      .poll(
        () =>
          ada?.page.evaluate(`(async () => {
            const widths = new Set();
            for (const connection of globalThis.connections) {
              for (const report of (await connection.getStats()).values()) {
                if (report.type === 'outbound-rtp' && report.kind === 'video' && report.framesPerSecond > 0) widths.add(report.frameWidth);
              }
            }
            return [...widths].sort();
          })()`),
        { timeout: 30_000 },
      )
      .toEqual([320, 640]);
  });

  it('see who is muted, and hear them again', async () => {
    const [ada, ben] = await stage.meet('quiet', ['Ada', 'Ben']);
    const mark = ada?.page.getByRole('listitem').filter({ hasText: 'Ben' }).getByText(', microphone off');
    await ben?.page.getByRole('button', { name: 'Mute microphone' }).click();
    await mark?.waitFor({ state: 'attached' });
    await ben?.page.getByRole('button', { name: 'Unmute microphone' }).click();
    await mark?.waitFor({ state: 'detached' });
    const stats = await ada?.diagnostics();
    expect(stats?.streams.map(({ source }) => source)).toContain('microphone');
  });

  it('lose the picture of somebody who stops the camera, and get it back', async () => {
    const [ada, ben] = await stage.meet('dark', ['Ada', 'Ben']);
    const picture = ada?.page.locator('video[data-participant="Ben"][data-source="camera"]');
    await ben?.page.getByRole('button', { name: 'Stop camera' }).click();
    await picture?.waitFor({ state: 'detached' });
    await ben?.page.getByRole('button', { name: 'Start camera' }).click();
    await picture?.waitFor({ state: 'visible' });
    await stage.allSeen();
  });

  it('see a shared screen on the stage, beside the camera', async () => {
    const [ada, ben] = await stage.meet('screen', ['Ada', 'Ben'], fakeScreen);
    const shared = ada?.page.locator('video[data-participant="Ben"][data-source="screen"]');
    await ben?.page.getByRole('button', { name: 'Share screen' }).click();
    await shared?.waitFor({ state: 'visible' });
    await expect
      .poll(() => shared?.evaluate((video: unknown) => Reflect.get(Object(video), 'videoWidth')), {
        timeout: 30_000,
      })
      .toBe(1280);
    await ben?.page.getByRole('button', { name: 'Stop sharing' }).click();
    await shared?.waitFor({ state: 'detached' });
    await stage.allSeen();
  });

  it('go without a trace: the others see it, and the meeting ends with the last one', async () => {
    const [ada, ben] = await stage.meet('short', ['Ada', 'Ben']);
    await ben?.page.getByRole('button', { name: 'Leave' }).click();
    await ada?.page.locator('video[data-participant="Ben"]').waitFor({ state: 'detached' });
    await ben?.page.getByRole('button', { name: 'Rejoin' }).waitFor();
    await ada?.page.getByRole('button', { name: 'Leave' }).click();
    await stage.api.waitForNodes(
      'the meeting ends',
      (nodes) => nodes.every(({ meetings }) => meetings.length === 0),
      {
        limitMs: 30_000,
      },
    );
  });
});
