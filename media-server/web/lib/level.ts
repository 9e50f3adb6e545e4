/**
 * Measures how loud a microphone is, ten times a second.
 * @param onLevel gets 0 (silence) to 1 (as loud as it gets), on a scale that follows hearing
 * @returns stops measuring
 */
export function watchLevel(track: MediaStreamTrack, onLevel: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([track]) }).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  // Browsers keep sound machinery asleep until the first click on the page.
  const wake = () => void context.resume();
  globalThis.addEventListener('pointerdown', wake, { once: true });
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(levelOf(samples));
  }, 100);
  return () => {
    clearInterval(timer);
    globalThis.removeEventListener('pointerdown', wake);
    void context.close();
  };
}

const QUIETEST_DB = -60;

/** Root mean square in decibels, from −60 dB (0) to full scale (1). */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  if (sum === 0) return 0;
  const decibels = 10 * Math.log10(sum / samples.length);
  return Math.min(1, Math.max(0, 1 - decibels / QUIETEST_DB));
}
