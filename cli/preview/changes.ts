import { awsReplacing } from './aws-replacing.ts';
import { type Graph, type GraphResource, keyOf } from './graph.ts';

/** What a change does to meetings that run. */
export type Effect =
  /** Nobody notices. */
  | 'none'
  /** Machines are replaced by and by, each after its meetings have moved. */
  | 'rolls by drain'
  /** What holds meetings goes, and they end. */
  | 'replaces';

export interface Change {
  readonly op: 'create' | 'update' | 'replace' | 'delete' | 'leave';
  readonly type: string;
  readonly name: string;
  /** Inputs that differ. */
  readonly properties: readonly string[];
  readonly effect: Effect;
  readonly note?: string;
}

/** Things without which meetings end. */
const holding =
  /^aws:(autoscaling\/lifecycleHook:LifecycleHook|ec2\/(vpc|subnet|internetGateway|routeTable|route|routeTableAssociation|eip|securityGroup):.*|lb\/(loadBalancer|targetGroup|listener):.*|secretsmanager\/secret:.*|route53\/zone:.*)$/;
const groupType = 'aws:autoscaling/group:Group';
const templateType = 'aws:ec2/launchTemplate:LaunchTemplate';

const isDrained = (inputs: Readonly<Record<string, unknown>>) => inputs.protectFromScaleIn === true;

/** Whether meetings end when this goes: by what it is, whatever its protection says. */
function holdsMeetings(type: string, inputs: Readonly<Record<string, unknown>>): boolean {
  return holding.test(type) || (type === groupType && isDrained(inputs));
}

/** What leads round a change that would end meetings. */
function wayRound(properties: readonly string[]): string {
  const cause =
    properties.length > 0 ? `Changing ${properties.join(' and ')} ends what it holds` : 'It holds meetings';
  return `${cause}. Keep it as it is, or make a second stack and move there; or drain first and take its protection off`;
}

/** What leads from one graph to another. */
export function changesBetween(before: Graph, after: Graph): Change[] {
  const old = new Map(before.resources.map((each) => [keyOf(each), each]));
  const drained = new Set(
    after.resources
      .filter(({ type, inputs }) => type === groupType && isDrained(inputs))
      .map(({ name }) => name),
  );
  const changes: Change[] = [];
  for (const next of after.resources) {
    const known = old.get(keyOf(next));
    old.delete(keyOf(next));
    if (!known)
      changes.push({ op: 'create', type: next.type, name: next.name, properties: [], effect: 'none' });
    else changes.push(...changed(known, next, drained));
  }
  for (const gone of old.values()) changes.push(removed(gone));
  return changes.filter(({ type }) => !type.startsWith('holdfast:'));
}

function changed(before: GraphResource, after: GraphResource, drained: ReadonlySet<string>): Change[] {
  const properties = [...new Set([...Object.keys(before.inputs), ...Object.keys(after.inputs)])].filter(
    (key) =>
      !after.ignored.includes(key) &&
      JSON.stringify(before.inputs[key]) !== JSON.stringify(after.inputs[key]),
  );
  if (properties.length === 0) return [];
  const { type, name } = after;
  const replacing = properties.filter((key) => awsReplacing[type]?.includes(key));
  return [
    judged(
      replacing.length > 0 ? 'replace' : 'update',
      type,
      name,
      before.inputs,
      properties,
      replacing,
      drained.has(name),
    ),
  ];
}

function removed({ type, name, inputs, retained }: GraphResource): Change {
  if (retained) {
    return {
      op: 'leave',
      type,
      name,
      properties: [],
      effect: 'none',
      note: 'It leaves the stack and stays in the cloud',
    };
  }
  return judged('delete', type, name, inputs, [], [], false);
}

function judged(
  op: 'update' | 'replace' | 'delete',
  type: string,
  name: string,
  inputs: Readonly<Record<string, unknown>>,
  properties: readonly string[],
  replacing: readonly string[],
  drained: boolean,
): Change {
  const change = { op, type, name, properties };
  if (op !== 'update' && holdsMeetings(type, inputs)) {
    return { ...change, effect: 'replaces', note: wayRound(replacing) };
  }
  if (type !== templateType) return { ...change, effect: 'none' };
  if (drained) {
    return {
      ...change,
      effect: 'rolls by drain',
      note: 'A new generation; the old one is drained machine by machine',
    };
  }
  return {
    ...change,
    effect: 'none',
    note: 'AWS launches the new control plane first; WebSockets resume, media flows on',
  };
}

/** A step of `pulumi preview --json`. */
export interface PlanStep {
  readonly op: string;
  readonly urn: string;
  readonly oldState?: { readonly inputs?: Readonly<Record<string, unknown>> | undefined } | null | undefined;
  readonly diffReasons?: readonly string[] | null | undefined;
  readonly replaceReasons?: readonly string[] | null | undefined;
}

/** The engine's plan by the same rules. */
export function changesOf(steps: readonly PlanStep[]): Change[] {
  const parts = ({ urn }: PlanStep) => {
    const [, , types = '', name = ''] = urn.split('::');
    return { type: types.split('$').at(-1) ?? '', name };
  };
  const drained = new Set(
    steps.flatMap((step) => {
      const { type, name } = parts(step);
      return type === groupType && isDrained(step.oldState?.inputs ?? {}) ? [name] : [];
    }),
  );
  return steps.flatMap((step): Change[] => {
    const { type, name } = parts(step);
    if (!type.startsWith('aws:')) return [];
    const inputs = step.oldState?.inputs ?? {};
    const properties = step.diffReasons ?? [];
    switch (step.op) {
      case 'create':
        return [{ op: 'create', type, name, properties: [], effect: 'none' }];
      case 'update':
        return [judged('update', type, name, inputs, properties, [], drained.has(name))];
      case 'replace':
        return [judged('replace', type, name, inputs, properties, step.replaceReasons ?? [], false)];
      case 'delete':
        // A bundle is retained; the plan does not say so.
        return [judged('delete', type, name, inputs, [], [], false)];
      default:
        // "same", reads, and the two halves of a replacement.
        return [];
    }
  });
}

/** Those that must not happen under meetings. */
export function dangers(changes: readonly Change[]): Change[] {
  return changes.filter(({ effect }) => effect === 'replaces');
}
