import type { DecisionList, KeptDecision, ScalingSample } from '../../../protocol/rest.ts';
import { timeOfDay } from '../../lib/format.ts';
import {
  decisionWords,
  doingWords,
  type Lane,
  lanesOf,
  type Plot,
  type Span,
  spanOf,
  stairs,
  timeMarks,
  topOf,
  xOf,
} from '../../lib/timeline.ts';
import { useSize } from '../../lib/use-size.ts';

const HEIGHT_PX = 140;
const LANES_SHOWN = 24;
/** Narrower than this, a stretch holds no word that can be read. */
const PX_PER_LETTER = 7;

/** Capacity and load, the decisions, and what each machine did, all on one axis of time. */
export function Timeline({ known }: { readonly known: DecisionList }) {
  const [ref, { widthPx }] = useSize();
  const { samples, decisions, machines, nowMs } = known;
  const span = spanOf(samples, nowMs);
  const shown = samples.filter(({ atMs }) => atMs >= span.fromMs);
  const plot: Plot = { span, widthPx, heightPx: HEIGHT_PX, top: topOf(shown) };
  return (
    <figure className="timeline">
      <Legend />
      <div ref={ref} className="timeline-plot">
        {widthPx > 0 && (
          <>
            <Load samples={shown} decisions={decisions} plot={plot} />
            <Axis span={span} widthPx={widthPx} />
            <Lanes lanes={lanesOf(machines, span, LANES_SHOWN)} span={span} widthPx={widthPx} />
          </>
        )}
      </div>
    </figure>
  );
}

function Legend() {
  return (
    <figcaption className="timeline-legend">
      <span className="legend-capacity">workers there are</span>
      <span className="legend-used">taken by meetings</span>
      <span className="legend-decision">a decision</span>
    </figcaption>
  );
}

interface LoadProps {
  readonly samples: readonly ScalingSample[];
  readonly decisions: readonly KeptDecision[];
  readonly plot: Plot;
}

function Load({ samples, decisions, plot }: LoadProps) {
  const { span, widthPx, heightPx, top } = plot;
  const acts = decisions.filter(({ decision, atMs }) => decision.type !== 'hold' && atMs >= span.fromMs);
  return (
    <svg
      className="timeline-load"
      width={widthPx}
      height={heightPx}
      role="img"
      aria-label={described(samples)}
    >
      <path className="timeline-used" d={stairs(samples, ({ usedWorkers }) => usedWorkers, plot, true)} />
      <path
        className="timeline-capacity"
        d={stairs(samples, ({ capacityWorkers }) => capacityWorkers, plot)}
      />
      {acts.map((act) => (
        <line
          key={act.reportId}
          className={`timeline-act timeline-act-${act.outcome}`}
          x1={xOf(act.atMs, span, widthPx)}
          x2={xOf(act.atMs, span, widthPx)}
          y1="0"
          y2={heightPx}
        >
          <title>{`${timeOfDay(act.atMs)} ${decisionWords(act)}: ${act.decision.reason}`}</title>
        </line>
      ))}
      <text className="timeline-scale" x="4" y="12">
        {top} {top === 1 ? 'worker' : 'workers'}
      </text>
    </svg>
  );
}

function described(samples: readonly ScalingSample[]): string {
  const last = samples.at(-1);
  if (last === undefined) return 'Capacity and load: nothing is known yet';
  return `Capacity and load: now ${last.usedWorkers.toFixed(1)} of ${last.capacityWorkers} workers are taken, ${last.freeWorkers.toFixed(1)} are free`;
}

function Axis({ span, widthPx }: { readonly span: Span; readonly widthPx: number }) {
  return (
    <div className="timeline-axis" aria-hidden="true">
      {timeMarks(span, widthPx).map((atMs) => (
        <span key={atMs} style={{ left: xOf(atMs, span, widthPx) }}>
          {timeOfDay(atMs)}
        </span>
      ))}
    </div>
  );
}

interface LanesProps {
  readonly lanes: readonly Lane[];
  readonly span: Span;
  readonly widthPx: number;
}

function Lanes({ lanes, span, widthPx }: LanesProps) {
  return (
    <ul className="lanes">
      {lanes.map(({ nodeId, stretches }) => (
        <li key={nodeId}>
          <span className="lane-name">{nodeId}</span>
          <div className="lane">
            {stretches.map(({ doing, fromMs, toMs }) => {
              const left = xOf(fromMs, span, widthPx);
              const width = Math.max(2, xOf(toMs, span, widthPx) - left);
              const words = doingWords[doing];
              const readable = width > words.length * PX_PER_LETTER + 8;
              return (
                <span
                  key={fromMs}
                  className={`stretch stretch-${doing}`}
                  style={{ left, width }}
                  title={`${words} from ${timeOfDay(fromMs)} to ${timeOfDay(toMs)}`}
                >
                  <span className={readable ? undefined : 'visually-hidden'}>{words}</span>
                </span>
              );
            })}
          </div>
        </li>
      ))}
    </ul>
  );
}
