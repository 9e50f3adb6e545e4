import type { MeetingView } from '../../../protocol/rest.ts';
import { pathsInWords } from '../../lib/network-words.ts';

/** Every meeting and where it lives. */
export function MeetingTable({ meetings }: { readonly meetings: readonly MeetingView[] }) {
  if (meetings.length === 0) return <p className="muted">No meeting is going on.</p>;
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Meeting</th>
          <th scope="col">Node</th>
          <th scope="col" className="number">
            Epoch
          </th>
          <th scope="col" className="number">
            People
          </th>
          <th scope="col">Paths</th>
        </tr>
      </thead>
      <tbody>
        {meetings.map((meeting) => (
          <tr key={meeting.meetingId}>
            <th scope="row">{meeting.meetingId}</th>
            <td>
              <Home meeting={meeting} />
            </td>
            <td className="number">{meeting.epoch ?? '–'}</td>
            <td className="number">
              {meeting.participants}
              {meeting.expectedParticipants !== null && (
                <span className="muted"> of {meeting.expectedParticipants} expected</span>
              )}
            </td>
            <td>
              {pathsInWords(meeting.paths) || <span className="muted">not known</span>}
              {meeting.poorPaths > 0 && <strong> ({meeting.poorPaths} poor)</strong>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Home({ meeting }: { readonly meeting: MeetingView }) {
  if (meeting.nodeId === null) return <span className="muted">nobody has joined yet</span>;
  if (meeting.movingTo === null) return meeting.nodeId;
  return (
    <>
      {meeting.nodeId} <span aria-hidden="true">→</span>
      <span className="visually-hidden">, moving to </span> <strong>{meeting.movingTo}</strong>
    </>
  );
}
