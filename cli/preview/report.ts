import { table } from '../observe/table.ts';
import { awsPrices } from './aws-prices.ts';
import { type Change, dangers } from './changes.ts';
import { type CostLine, total } from './cost.ts';
import { type Graph, type GraphResource, keyOf } from './graph.ts';

/** All that a preview has to say. */
export interface Preview {
  readonly graph: Graph;
  readonly costs: readonly CostLine[];
  /** What it was compared with, and what differs; absent when it was not. */
  readonly compared?: { readonly with: string; readonly changes: readonly Change[] };
}

/** `aws:ec2/vpc:Vpc` as people call it. */
export const shortType = (type: string) => type.split(':').at(-1) ?? type;

export const dollars = (amount: number | null) => (amount === null ? '?' : `$${amount.toFixed(2)}`);

/** The part of the platform that a resource is in: `conference` itself, or what lies directly in it. */
export function partOf(resource: GraphResource, graph: Graph): string {
  const byKey = new Map(graph.resources.map((each) => [keyOf(each), each]));
  let at = resource;
  for (;;) {
    const above = at.parent === null ? undefined : byKey.get(at.parent);
    if (!above || above.parent === null) return at.name;
    at = above;
  }
}

/** Rows of the parts: how many resources of the cloud, of how many kinds, and what is protected. */
export function partRows(graph: Graph): string[][] {
  const parts = new Map<string, GraphResource[]>();
  for (const each of graph.resources) {
    if (each.type.startsWith('holdfast:')) continue;
    const part = partOf(each, graph);
    parts.set(part, [...(parts.get(part) ?? []), each]);
  }
  return [...parts].map(([part, list]) => {
    const kinds = new Map<string, number>();
    for (const { type } of list) kinds.set(shortType(type), (kinds.get(shortType(type)) ?? 0) + 1);
    const shown = [...kinds].map(([kind, count]) => (count > 1 ? `${count} ${kind}` : kind)).join(', ');
    return [part, String(list.length), String(list.filter(({ protect }) => protect).length), shown];
  });
}

export const changeRows = (changes: readonly Change[]): string[][] =>
  changes.map(({ op, type, name, properties, effect }) => [
    op,
    `${shortType(type)} ${name}`,
    properties.join(', '),
    effect,
  ]);

export const costRows = (costs: readonly CostLine[]): string[][] =>
  costs.map(({ what, count, monthly }) => [what, String(count), dollars(monthly)]);

/** The last line: what the exit code means. */
export function verdict({ compared }: Preview): string {
  if (!compared) return 'Nothing was compared: add --against FILE to see what a change does to meetings.';
  const ending = dangers(compared.changes).length;
  if (ending > 0) return `${ending} of ${compared.changes.length} changes would end meetings.`;
  const rolling = compared.changes.filter(({ effect }) => effect === 'rolls by drain').length;
  if (compared.changes.length === 0) return 'Nothing changes.';
  return `No change ends a meeting; ${rolling === 0 ? 'no machine is replaced' : `${rolling} roll by drain`}.`;
}

export function priceNote(costs: readonly CostLine[]): string {
  const { monthly, complete } = total(costs);
  return (
    `About ${dollars(monthly)} a month${complete ? '' : ' and what has no known price'}, ` +
    `by list prices of us-east-1 as of ${awsPrices.asOf}.`
  );
}

/** Notes on changes, each once. */
export function notes({ compared }: Preview): string[] {
  return (compared?.changes ?? []).flatMap(({ type, name, note }) =>
    note === undefined ? [] : [`${shortType(type)} ${name}: ${note}.`],
  );
}

/** For a terminal. */
export function asText(preview: Preview): string {
  const { graph, costs, compared } = preview;
  const lines = [
    `${graph.stack}: phase ${graph.phase}, ${graph.resources.length} resources`,
    ...graph.assumed.map((key) => `  ${key} is not set yet; assumed`),
    '',
    ...table(['part', 'resources', 'protected', 'kinds'], partRows(graph)),
    '',
    ...table(['cost', 'count', 'a month'], costRows(costs)),
    priceNote(costs),
    '',
  ];
  if (compared && compared.changes.length > 0) {
    lines.push(
      `Against ${compared.with}:`,
      ...table(['', 'resource', 'what differs', 'running meetings'], changeRows(compared.changes)),
      ...notes(preview),
      '',
    );
  }
  return `${[...lines, verdict(preview)].join('\n')}\n`;
}
