import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Exchange } from './fake-aws-api.ts';
import { type Element, parsedXml } from './query-protocol.ts';

const reference = z.object({
  shape: z.string(),
  locationName: z.string().optional(),
  queryName: z.string().optional(),
  resultWrapper: z.string().optional(),
});
type Reference = z.output<typeof reference>;

const shape = z.object({
  type: z.string(),
  required: z.array(z.string()).default([]),
  members: z.record(z.string(), reference).default({}),
  member: reference.optional(),
  flattened: z.boolean().default(false),
  enum: z.array(z.string()).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  pattern: z.string().optional(),
  error: z.object({ code: z.string(), httpStatusCode: z.number() }).optional(),
});
type Shape = z.output<typeof shape>;

const description = z.object({
  metadata: z.object({ protocol: z.enum(['query', 'ec2']) }),
  operations: z.record(
    z.string(),
    z.object({
      input: reference.optional(),
      output: reference.optional(),
      errors: z.array(reference).default([]),
    }),
  ),
  shapes: z.record(z.string(), z.unknown()),
});

/** What every service may answer besides its own errors; the description does not list them. */
const commonErrors: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  MissingAuthenticationToken: 403,
  Throttling: 400,
  ValidationError: 400,
};

/** AWS's own description of one of its services, as botocore carries it: what a request and an answer may hold. */
export class ServiceDescription {
  readonly #description: z.output<typeof description>;
  readonly #shapes = new Map<string, Shape>();

  constructor(botocore: string, service: 'autoscaling' | 'ec2') {
    const folder = join(botocore, 'data', service);
    const version = readdirSync(folder).toSorted().at(-1) ?? '';
    const packed = readFileSync(join(folder, version, 'service-2.json.gz'));
    this.#description = description.parse(JSON.parse(gunzipSync(packed).toString('utf8')));
  }

  /** What is wrong with a request and its answer. */
  problems({ action, form, status, xml }: Exchange): readonly string[] {
    const operation = this.#description.operations[action];
    if (!operation) return [`there is no operation ${action}`];
    const found: string[] = [];
    const used = new Set(['Action', 'Version']);
    if (operation.input) this.#request(operation.input, '', form, used, found);
    for (const name of form.keys()) if (!used.has(name)) found.push(`request: ${name} is not known`);
    const answer = parsedXml(xml);
    if (status !== 200) this.#refusal(answer, status, operation.errors, found);
    else if (operation.output) {
      const { resultWrapper } = operation.output;
      const result = resultWrapper ? answer.children.find(({ name }) => name === resultWrapper) : answer;
      if (result) this.#answer(operation.output, result, action, found);
      else found.push(`answer: there is no ${resultWrapper}`);
    }
    return found.map((problem) => `${action}: ${problem}`);
  }

  #shape({ shape: name }: Reference): Shape {
    const known = this.#shapes.get(name);
    if (known) return known;
    const parsed = shape.parse(this.#description.shapes[name]);
    this.#shapes.set(name, parsed);
    return parsed;
  }

  get #isEc2(): boolean {
    return this.#description.metadata.protocol === 'ec2';
  }

  #requestName(name: string, { queryName, locationName }: Reference): string {
    if (!this.#isEc2) return locationName ?? name;
    return (
      queryName ??
      (locationName === undefined ? name : locationName[0]?.toUpperCase() + locationName.slice(1))
    );
  }

  #request(of: Reference, at: string, form: Exchange['form'], used: Set<string>, found: string[]): void {
    const { type, members, required, member, flattened, ...rule } = this.#shape(of);
    const isThere = (path: string) =>
      [...form.keys()].some((key) => key === path || key.startsWith(`${path}.`));
    if (type === 'structure') {
      for (const [name, each] of Object.entries(members)) {
        const called = this.#requestName(name, each);
        const path = at === '' ? called : `${at}.${called}`;
        if (isThere(path)) this.#request(each, path, form, used, found);
        else if (required.includes(name)) found.push(`request: ${path} is missing`);
      }
    } else if (type === 'list' && member) {
      const list = this.#isEc2 || flattened ? at : `${at}.${member.locationName ?? 'member'}`;
      for (let index = 1; isThere(`${list}.${index}`); index += 1)
        this.#request(member, `${list}.${index}`, form, used, found);
    } else {
      used.add(at);
      const wrong = scalarProblem({ type, ...rule }, form.get(at) ?? '');
      if (wrong) found.push(`request: ${at} ${wrong}`);
    }
  }

  #answer(of: Reference, element: Element, at: string, found: string[]): void {
    const { type, members, required, member, flattened, ...rule } = this.#shape(of);
    if (type === 'structure') {
      const known = new Map(Object.entries(members).map(([name, each]) => [each.locationName ?? name, each]));
      for (const child of element.children) {
        const each = known.get(child.name);
        if (each) this.#answer(each, child, `${at}.${child.name}`, found);
        else if (!['requestId', 'ResponseMetadata'].includes(child.name))
          found.push(`answer: ${at}.${child.name} is not known`);
      }
      for (const name of required)
        if (!element.children.some((child) => child.name === (members[name]?.locationName ?? name)))
          found.push(`answer: ${at}.${name} is missing`);
    } else if (type === 'list' && member) {
      const called = member.locationName ?? 'member';
      for (const child of element.children)
        if (flattened || child.name === called) this.#answer(member, child, `${at}.${child.name}`, found);
        else found.push(`answer: ${at} lists a ${child.name}, not a ${called}`);
    } else {
      const wrong = scalarProblem({ type, ...rule }, element.text);
      if (wrong) found.push(`answer: ${at} ${wrong}`);
    }
  }

  #refusal(answer: Element, status: number, own: readonly Reference[], found: string[]): void {
    const find = (element: Element): Element | undefined =>
      element.name === 'Error' ? element : element.children.map(find).find((each) => each !== undefined);
    const code = find(answer)?.children.find(({ name }) => name === 'Code')?.text ?? 'none';
    const known = new Map(Object.entries(commonErrors));
    for (const each of own) {
      const { error } = this.#shape(each);
      if (error) known.set(error.code, error.httpStatusCode);
    }
    if (known.get(code) !== status)
      found.push(`answer: ${code} with HTTP ${status} is no error of this operation`);
  }
}

type Rule = Pick<Shape, 'type' | 'enum' | 'min' | 'max' | 'pattern'>;

function scalarProblem({ type, enum: values, min, max, pattern }: Rule, text: string): string | undefined {
  switch (type) {
    case 'string': {
      if (values && !values.includes(text)) return `cannot be "${text}"`;
      if (text.length < (min ?? 0) || text.length > (max ?? Infinity)) return `has a wrong length: "${text}"`;
      const fits = pattern === undefined || new RegExp(`^(?:${pattern})$`, 'su').test(text);
      return fits ? undefined : `does not fit its pattern: "${text}"`;
    }
    case 'integer':
    case 'long': {
      const number = Number(text);
      const fits = /^-?\d+$/.test(text) && number >= (min ?? -Infinity) && number <= (max ?? Infinity);
      return fits ? undefined : `is no such number: "${text}"`;
    }
    case 'boolean':
      return text === 'true' || text === 'false' ? undefined : `is no boolean: "${text}"`;
    case 'timestamp':
      return Number.isNaN(Date.parse(text)) ? `is no time: "${text}"` : undefined;
    default:
      return `is of a type that is not checked: ${type}`;
  }
}

/** Where Python keeps botocore, or why it cannot be had. It is installed for the tests where Python lacks it. */
export function findBotocore(): { readonly path: string } | { readonly missing: string } {
  const python = (args: readonly string[], timeout: number) =>
    execFileSync('python3', args, { encoding: 'utf8', timeout, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const folder = join(import.meta.dirname, '../../../../node_modules/.cache/botocore');
  const installed = join(folder, 'botocore');
  if (existsSync(join(installed, 'data'))) return { path: installed };
  try {
    return { path: python(['-c', 'import botocore, os; print(os.path.dirname(botocore.__file__))'], 20_000) };
  } catch {
    // Not there, or no Python at all.
  }
  try {
    python(
      ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, 'botocore==1.43.11'],
      120_000,
    );
    return { path: installed };
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { missing: `botocore was not found and could not be installed with python3 -m pip: ${why}` };
  }
}
