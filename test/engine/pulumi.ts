import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { PlatformSettingsInput } from '../../components/contract.ts';
import { startLanguageHost } from './language-host.ts';
import { type ProviderCall, type RecordingProvider, startRecordingProvider } from './recording-provider.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the engine would do, of resources that do not stay as they are. */
export interface Step {
  readonly op: string;
  readonly type: string;
  readonly name: string;
}

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

export interface Stack extends AsyncDisposable {
  readonly provider: RecordingProvider;
  configure(settings: PlatformSettingsInput): void;
  /** Takes a whole stack file. */
  configureWith(stackFile: string): void;
  /** The steps of a preview; the error when there is none. */
  preview(): Promise<{ steps: Step[]; json: string } & Outcome>;
  /** An update, and the calls that it made. */
  up(...args: string[]): Promise<{ calls: ProviderCall[] } & Outcome>;
  destroy(): Promise<{ calls: ProviderCall[] } & Outcome>;
  run(...args: string[]): Promise<Outcome>;
}

const planned = z.object({
  steps: z.array(z.object({ op: z.string(), urn: z.string() })),
});

/**
 * A stack of the repository's own program in the real engine, with a provider that records. Everything that the CLI reads
 * or writes lies in a folder of its own; the configuration is written as a file beside it.
 *
 * @param binary the CLI
 */
export async function openStack(binary: string, name: string): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-engine-'));
  const configFile = join(folder, `Pulumi.${name}.yaml`);
  mkdirSync(join(folder, 'state'));
  const provider = await startRecordingProvider();
  const host = await startLanguageHost();
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: folder,
    PULUMI_HOME: join(folder, 'home'),
    PULUMI_BACKEND_URL: `file://${join(folder, 'state')}`,
    PULUMI_CONFIG_PASSPHRASE: 'of a test',
    PULUMI_SKIP_UPDATE_CHECK: '1',
    PULUMI_IGNORE_AMBIENT_PLUGINS: '1',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: '1',
    PULUMI_DEBUG_PROVIDERS: `aws:${provider.port}`,
    PULUMI_DEBUG_LANGUAGES: `nodejs:${host.port}`,
    ...(process.env.NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE } : {}),
  };

  const runIn = (where: string, ...args: string[]): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const child = spawn(binary, [...args, '--cwd', where, '--non-interactive', '--color', 'never'], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      child.once('error', reject);
      child.once('close', (code) => resolve({ code: code ?? 1, output }));
    });
  const run = (...args: string[]) => runIn(root, ...args);
  const onStack = (command: string, ...args: string[]) =>
    run(command, '--stack', name, '--config-file', configFile, ...args);
  const changing = async (command: string, ...args: string[]) => {
    provider.calls.length = 0;
    const outcome = await onStack(command, '--yes', '--skip-preview', ...args);
    return { ...outcome, calls: [...provider.calls] };
  };

  const salt = await initialise(folder, runIn, name);
  const configureWith = (stackFile: string) =>
    writeFileSync(configFile, `encryptionsalt: ${salt}\n${stackFile}`);
  return {
    provider,
    run,
    configure(settings) {
      const keys = Object.entries({ cloud: 'aws', ...settings }).map(([key, value]) => [
        `holdfast:${key}`,
        value,
      ]);
      // JSON is YAML.
      const config = JSON.stringify({ 'aws:region': 'eu-central-1', ...Object.fromEntries(keys) });
      configureWith(`config: ${config}\n`);
    },
    configureWith,
    async preview() {
      const outcome = await onStack('preview', '--json');
      const json = outcome.output.slice(outcome.output.indexOf('{'));
      const parsed = outcome.code === 0 ? planned.parse(JSON.parse(json)).steps : [];
      const steps = parsed
        .filter(({ op }) => op !== 'same')
        .map(({ op, urn }) => {
          const [, , types = '', resource = ''] = urn.split('::');
          return { op, type: types.split('$').at(-1) ?? '', name: resource };
        });
      return { ...outcome, steps, json };
    },
    up: (...args) => changing('up', ...args),
    destroy: () => changing('destroy'),
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Makes the stack in the back end, from a folder with a project of the same name: the repository gets no file.
 *
 * @returns what the stack's file must begin with, for secrets
 */
async function initialise(
  folder: string,
  run: (where: string, ...args: string[]) => Promise<Outcome>,
  name: string,
): Promise<string> {
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'Pulumi.yaml'), 'name: holdfast\nruntime: nodejs\n');
  const created = await run(project, 'stack', 'init', name);
  if (created.code !== 0) throw new Error(created.output);
  const written = readFileSync(join(project, `Pulumi.${name}.yaml`), 'utf8');
  const salt = /^encryptionsalt: (.*)$/m.exec(written)?.[1];
  if (salt === undefined) throw new Error(`no encryptionsalt in ${written}`);
  return salt;
}
