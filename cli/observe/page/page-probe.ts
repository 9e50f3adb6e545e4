import type { FrameRecord, PageProbe } from '../records.ts';

// Runs in the page, before its own scripts. It may import types only: the text of this file is injected as it is.

declare global {
  var holdfastProbe: PageProbe | undefined;
}

/** Frames older than this are forgotten, ms: long enough for any window that is judged. */
const KEEP_MS = 120_000;
const LATE_MS = 40;

const streams = new Map<string, { from: string; source: string; frames: FrameRecord[] }>();
const late: { atMs: number; afterMs: number }[] = [];
const watched = new WeakSet<HTMLVideoElement>();
let elements = 0;

function record(video: HTMLVideoElement, frame: FrameRecord): void {
  const { participant, source = 'camera' } = video.dataset;
  // Only what is visible counts: the SDK marks exactly that element.
  if (participant === undefined) return;
  const key = `${participant}\n${source}`;
  let stream = streams.get(key);
  if (!stream) {
    stream = { from: participant, source, frames: [] };
    streams.set(key, stream);
  }
  stream.frames.push(frame);
  const oldest = frame.atMs - KEEP_MS;
  while (stream.frames[0] && stream.frames[0].atMs < oldest) stream.frames.shift();
}

function watch(video: HTMLVideoElement): void {
  if (watched.has(video)) return;
  watched.add(video);
  elements += 1;
  const element = elements;
  let last: FrameRecord | undefined;
  const onFrame = (now: number, metadata: VideoFrameCallbackMetadata) => {
    last = {
      atMs: performance.timeOrigin + now,
      presented: metadata.presentedFrames,
      rtpTimestamp: metadata.rtpTimestamp ?? 0,
      receivedAtMs: metadata.receiveTime === undefined ? 0 : performance.timeOrigin + metadata.receiveTime,
      width: metadata.width,
      element,
    };
    record(video, last);
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  // An element that becomes the visible one shows its last frame on the next animation frame.
  new MutationObserver(() => {
    if (video.dataset.participant === undefined) return;
    requestAnimationFrame((now) => {
      if (last) record(video, { ...last, atMs: performance.timeOrigin + now });
    });
  }).observe(video, { attributes: true, attributeFilter: ['data-participant'] });
}

new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) {
      if (node instanceof HTMLVideoElement) watch(node);
      else if (node instanceof Element) for (const video of node.querySelectorAll('video')) watch(video);
    }
  }
}).observe(document, { childList: true, subtree: true });

let before = 0;
const onAnimation = (now: number) => {
  if (before > 0 && now - before > LATE_MS)
    late.push({ atMs: performance.timeOrigin + now, afterMs: now - before });
  before = now;
  requestAnimationFrame(onAnimation);
};
requestAnimationFrame(onAnimation);

globalThis.holdfastProbe = {
  streams: (sinceMs) =>
    [...streams.values()].map(({ from, source, frames }) => ({
      from,
      source,
      frames: frames.filter((frame) => frame.atMs >= sinceMs),
    })),
  lateAnimationFrames: (sinceMs) => late.filter(({ atMs }) => atMs >= sinceMs),
};
