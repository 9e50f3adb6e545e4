import type { LeaveReason } from '../../../client/types.ts';
import { Page } from '../../components/Page.tsx';
import { StepHeading } from '../../components/StepHeading.tsx';

interface LeftMeetingProps {
  readonly meetingId: string;
  readonly reason: LeaveReason;
  readonly onRejoin: () => void;
}

export function LeftMeeting({ meetingId, reason, onRejoin }: LeftMeetingProps) {
  const { title, text } = words(meetingId, reason);
  return (
    <Page>
      <StepHeading>{title}</StepHeading>
      <p>{text}</p>
      <div className="actions">
        <button type="button" className="button button-primary" onClick={onRejoin}>
          Rejoin
        </button>
        <a className="button" href="/">
          Another meeting
        </a>
      </div>
    </Page>
  );
}

function words(meetingId: string, { code, message }: LeaveReason): { title: string; text: string } {
  switch (code) {
    case 'left':
      return { title: `You have left ${meetingId}`, text: 'Your camera and microphone are off.' };
    case 'expired':
      return {
        title: 'The connection was lost for too long',
        text: 'The others see you as having left. Your camera and microphone are off; you can come back at once.',
      };
    case 'replaced':
      return {
        title: 'You have joined from another place',
        text: `You are in ${meetingId} in another tab or on another device, so this page has let go of it. Its camera and microphone are off.`,
      };
    case 'removed':
      return {
        title: `You were removed from ${meetingId}`,
        text: 'Whoever runs this meeting has taken you out of it. Your camera and microphone are off.',
      };
    case 'ended':
      return {
        title: `${meetingId} is over for you`,
        text: 'The meeting, or your part in it, was ended by whoever runs it. Your camera and microphone are off.',
      };
    case 'refused':
      return { title: `You were not let into ${meetingId}`, text: message };
    case 'failed':
      return {
        title: 'The call has ended because of a fault',
        text: `${message} You can come back at once.`,
      };
  }
}
