import { useCallback, useEffect, useReducer, useRef } from 'react';
import type { LeaveReason } from '../../../client/types.ts';
import { toHoldfastError } from '../../../protocol/errors.ts';
import { type EnterOptions, enterMeeting } from './enter-meeting.ts';
import { transition, type Visit } from './visit.ts';

/** How long joining waits for somebody to answer the browser's question about camera and microphone. */
const PATIENCE_MS = 15_000;

interface VisitActions {
  readonly visit: Visit;
  readonly join: () => void;
  /** Joins without waiting any longer for camera and microphone. */
  readonly joinWithoutDevices: () => void;
  readonly left: (reason: LeaveReason) => void;
  readonly back: () => void;
}

/** Runs a visit: joins when the visit says so, tries again when it is time, cleans up after leaving. */
export function useVisit(start: Visit, entry: Omit<EnterOptions, 'patience' | 'signal'>): VisitActions {
  const [visit, dispatch] = useReducer(transition, start);
  const latest = useRef(entry);
  useEffect(() => {
    latest.current = entry;
  });
  const impatient = useRef<AbortController>(undefined);

  useEffect(() => {
    if (visit.step !== 'arriving') return;
    const ending = new AbortController();
    latest.current.api.mayJoinAtOnce(ending.signal).then(
      (mayJoinAtOnce) => {
        if (!ending.signal.aborted) dispatch({ type: 'arrived', mayJoinAtOnce });
      },
      () => {
        // Only an abort rejects: the page has been left meanwhile.
      },
    );
    return () => ending.abort();
  }, [visit.step]);

  useEffect(() => {
    if (visit.step !== 'joining') return;
    const ending = new AbortController();
    const skip = new AbortController();
    impatient.current = skip;
    const patience = AbortSignal.any([skip.signal, AbortSignal.timeout(PATIENCE_MS)]);
    let settled = false;
    enterMeeting({ ...latest.current, patience, signal: ending.signal }).then(
      (attendance) => {
        settled = true;
        if (ending.signal.aborted) {
          attendance.publisher.close();
          attendance.store.close();
          void attendance.store.meeting.leave();
        } else dispatch({ type: 'joined', attendance });
      },
      (error: unknown) => {
        settled = true;
        if (!ending.signal.aborted)
          dispatch({ type: 'refused', error: toHoldfastError(error), nowMs: Date.now() });
      },
    );
    return () => {
      // Only an unfinished attempt is called off; the meeting itself outlives this step.
      if (!settled) ending.abort();
    };
  }, [visit.step]);

  useEffect(() => {
    if (visit.step !== 'waiting') return;
    const timer = setTimeout(() => dispatch({ type: 'join' }), Math.max(0, visit.retryAtMs - Date.now()));
    return () => clearTimeout(timer);
  }, [visit]);

  const left = useCallback(
    (reason: LeaveReason) => {
      if (visit.step !== 'in') return;
      visit.attendance.publisher.close();
      visit.attendance.store.close();
      dispatch({ type: 'left', reason });
    },
    [visit],
  );
  const join = useCallback(() => dispatch({ type: 'join' }), []);
  const back = useCallback(() => dispatch({ type: 'back' }), []);
  const joinWithoutDevices = useCallback(() => impatient.current?.abort(), []);
  return { visit, join, joinWithoutDevices, left, back };
}
