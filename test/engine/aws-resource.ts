import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { awsReplacing } from '../../cli/preview/aws-replacing.ts';

const sdk = dirname(createRequire(import.meta.url).resolve('@pulumi/aws/package.json'));

/** What a type of resource is, as far as the engine must know it. */
export interface AwsResource {
  /** Inputs that the SDK knows, from its own declarations; true: required. */
  readonly inputs: ReadonlyMap<string, boolean>;
  /** Inputs whose change makes another resource. */
  readonly replacing: ReadonlySet<string>;
  /** The input that gets a generated name. */
  readonly named: string | undefined;
}

const known = new Map<string, AwsResource>();

/** By token: `aws:ec2/vpc:Vpc`. A type that is not in the table is an error, because nobody has said what replaces it. */
export function awsResource(token: string): AwsResource {
  const found = known.get(token);
  if (found) return found;
  const [, module = '', name = ''] = token.split(':');
  const declared = join(sdk, `${module}.d.ts`);
  const replacedBy = awsReplacing[token];
  if (!existsSync(declared) || !replacedBy) throw new Error(`the recorder does not know ${token}`);
  const body = new RegExp(`export interface ${name}Args \\{\n(.*?)\n\\}`, 's').exec(
    readFileSync(declared, 'utf8'),
  );
  const inputs = new Map(
    [...(body?.[1] ?? '').matchAll(/^ {4}([a-zA-Z0-9]+)(\??):/gm)].map(([, key = '', optional]) => [
      key,
      optional !== '?',
    ]),
  );
  if (inputs.size === 0) throw new Error(`${declared} declares no ${name}Args`);
  const named = ['name', 'bucket'].find((key) => inputs.get(key) === false && replacedBy.includes(key));
  const resource = { inputs, replacing: new Set(replacedBy), named };
  known.set(token, resource);
  return resource;
}
