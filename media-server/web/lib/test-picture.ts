const WIDTH = 640;
const HEIGHT = 360;
const PICTURES_PER_SECOND = 15;

/** A picture that changes all the time, so that sending it takes what a camera's would; nobody's camera is asked for. */
export function testPicture(): { readonly track: MediaStreamTrack; readonly stop: () => void } {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d');
  const [track] = canvas.captureStream(PICTURES_PER_SECOND).getVideoTracks();
  if (context === null || track === undefined) throw new Error('this browser draws no pictures to send');
  const draw = () => {
    for (let spot = 0; spot < 40; spot += 1) {
      context.fillStyle = `hsl(${Math.random() * 360} 70% 50%)`;
      context.fillRect(Math.random() * WIDTH, Math.random() * HEIGHT, 60, 40);
    }
  };
  draw();
  const timer = setInterval(draw, 1000 / PICTURES_PER_SECOND);
  const stop = () => {
    clearInterval(timer);
    track.stop();
  };
  return { track, stop };
}
