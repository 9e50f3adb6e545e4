import { gateways, type HandoverRequest, type HandoverSettings, isPending } from './handover-knowledge.ts';
import { catchingUp, comingBack, toAsk } from './handover-people.ts';
import { commitAtMs, type HandoverPlan, type In } from './handover-phases.ts';
import { publishDelaysMs } from './handover-schedule.ts';

/** What is to be asked now that is not under way already. Each request may be sent twice. */
export function dueRequests(
  plan: HandoverPlan,
  nowMs: number,
  settings: HandoverSettings,
): readonly HandoverRequest[] {
  switch (plan.phase) {
    case 'reserving':
      if (isPending(plan, 'reserve', 'status')) return [];
      return [plan.unanswered ? { type: 'status', move: undefined } : { type: 'reserve' }];
    case 'preparing':
      return isPending(plan, 'prepare') ? [] : [{ type: 'prepare', move: plan.move }];
    case 'switching':
      return openRequests(plan, nowMs, settings);
    case 'committing': {
      const { move, next, askAtMs } = plan;
      const open = openRequests(plan, nowMs, settings);
      if (nowMs < askAtMs || isPending(plan, 'commit', 'status')) return open;
      return [...open, { type: next, move }];
    }
    case 'aborting':
      return abortRequests(plan, nowMs);
    case 'finishing':
      return finishRequests(plan, nowMs);
    case 'done':
      return [];
  }
}

/** When something is to be done although nothing happens; undefined: the plan is at its end. */
export function wakeAtMs(plan: HandoverPlan, settings: HandoverSettings): number | undefined {
  if (plan.phase === 'done') return undefined;
  const times = [...plan.pending.values()].map(({ untilMs }) => untilMs);
  if (plan.phase === 'switching') {
    const { people, atMs } = plan;
    times.push(commitAtMs(plan, settings), ...comingBack(people, atMs), ...catchingUp(people, atMs));
  }
  if (plan.phase === 'switching' || plan.phase === 'committing') {
    for (const { link, secondLeg, askAtMs } of plan.people.values()) {
      if (link !== undefined && secondLeg === 'none') times.push(askAtMs);
    }
  }
  if (plan.phase === 'committing' || plan.phase === 'aborting') times.push(plan.askAtMs, plan.giveUpAtMs);
  if (plan.phase === 'finishing') times.push(plan.askAtMs, plan.untilMs, plan.closeAtMs ?? plan.untilMs);
  // What was due by then has been done, or waits for an answer.
  return Math.min(...times.filter((time) => time > plan.atMs));
}

function openRequests(
  plan: In<'switching' | 'committing'>,
  nowMs: number,
  settings: HandoverSettings,
): HandoverRequest[] {
  const byLink = toAsk(plan.people, nowMs);
  const people = [...plan.people.keys()].filter((id) => [...byLink.values()].some((ids) => ids.includes(id)));
  const { publishOffsetMs, untilMs = Number.POSITIVE_INFINITY } = plan.options;
  const leftMs = Math.max(0, untilMs - nowMs);
  // With little time left the order is compressed: the last publisher must be seen, too.
  const hurried = leftMs < settings.meetingDeadlineMs;
  const wholeOrderMs = Math.min(settings.publishOrderMs, leftMs / 3);
  const delays = publishDelaysMs(people.length, settings.publishSpacingMs, wholeOrderMs);
  const offsetMs = hurried ? 0 : publishOffsetMs;
  const delayOf = new Map(people.map((id, rank) => [id, offsetMs + (delays[rank] ?? 0)]));
  return [...byLink].map(([link, ids]) => ({
    type: 'open',
    move: plan.move,
    link,
    participants: ids.map((id) => ({ participantId: id, publishDelayMs: delayOf.get(id) ?? 0 })),
  }));
}

function abortRequests(plan: In<'aborting'>, nowMs: number): HandoverRequest[] {
  const { move, step, askAtMs, told } = plan;
  if (step === 'gateways') {
    const links = [...gateways(plan)].filter(
      (link) => !told.has(link) && !isTelling(plan, 'tell-abort', link),
    );
    return links.map((link) => ({ type: 'tell-abort', move, link }));
  }
  if (nowMs < askAtMs) return [];
  const type = step === 'target' ? 'abandon' : step;
  return isPending(plan, type) ? [] : [{ type, move }];
}

function finishRequests(plan: In<'finishing'>, nowMs: number): HandoverRequest[] {
  const { move, abandon, settled, told, askAtMs } = plan;
  if (nowMs < askAtMs) return [];
  const requests: HandoverRequest[] = [];
  for (const link of gateways(plan)) {
    if (!told.has(link) && !isTelling(plan, 'tell-commit', link))
      requests.push({ type: 'tell-commit', move, link });
  }
  if (!settled && !isPending(plan, 'adopt', 'abandon')) {
    requests.push(abandon ? { type: 'abandon', move: abandon } : { type: 'adopt', move });
  }
  return requests;
}

function isTelling(plan: HandoverPlan, type: 'tell-abort' | 'tell-commit', to: string): boolean {
  return [...plan.pending.values()].some(({ request }) => request.type === type && request.link === to);
}
