import type { HoldfastError } from '../../protocol/errors.ts';

/** What happened and what to do, for somebody who does not know what a server is made of. */
export interface PlainWords {
  readonly title: string;
  readonly advice: string;
}

/** Why somebody did not get into a meeting. */
export function joinRefusal(error: HoldfastError, byApplication: boolean): PlainWords {
  switch (error.code) {
    case 'FORBIDDEN':
    case 'NOT_FOUND':
      return byApplication ? badToken : onlyByApplication;
    case 'UNAUTHENTICATED':
      return badToken;
    case 'NO_CAPACITY':
      return {
        title: 'The servers are full right now',
        advice: 'More are being started. You do not have to do anything: this page tries again by itself.',
      };
    case 'MEETING_FULL':
      return {
        title: 'This meeting is full',
        advice: 'It holds only so many people. Wait until somebody leaves, then try again.',
      };
    case 'TOO_MANY':
      return {
        title: 'Too many attempts from here',
        advice: 'Wait a moment, then try again. Others on the same network count too.',
      };
    case 'NOT_READY':
    case 'NODE_UNREACHABLE':
    case 'NODE_DRAINING':
    case 'TIMEOUT':
      return { title: 'The server is not ready yet', advice: 'Wait a moment, then try again.' };
    case 'CONNECTION_CLOSED':
      return {
        title: 'The server cannot be reached',
        advice: 'Check your internet connection, then try again.',
      };
    case 'BAD_REQUEST':
      return { title: 'The server did not accept this', advice: error.message };
    default:
      return {
        title: 'Joining did not work',
        advice: `${error.message} Try again; if it stays so, tell whoever runs this server.`,
      };
  }
}

const onlyByApplication: PlainWords = {
  title: 'This server only lets people in through its own application',
  advice: 'Open the meeting from there: its link brings you here with an invitation.',
};

const badToken: PlainWords = {
  title: 'Your invitation is no longer valid',
  advice: 'Go back to where you got the link and open the meeting from there again.',
};

/** What went wrong between the operator's page and the control plane. */
export function operatorProblem(error: HoldfastError): string {
  if (error.code === 'CONNECTION_CLOSED') {
    return 'The control plane cannot be reached. Meetings go on without it; this page keeps trying.';
  }
  return `${error.message} ${error.action}`;
}

/** Whether the operator's token itself is the problem. */
export function isTokenRefused(error: HoldfastError): boolean {
  return error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN';
}
