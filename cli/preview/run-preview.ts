import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Change, changesBetween, changesOf, dangers } from './changes.ts';
import { monthlyCost, total, usualAssumptions } from './cost.ts';
import { type Graph, graph } from './graph.ts';
import { graphOf } from './graph-of.ts';
import { asText, type Preview } from './report.ts';
import { asHtml } from './report-html.ts';
import { asMarkdown } from './report-markdown.ts';

export interface PreviewFlags {
  readonly against?: string;
  readonly plan?: string;
  readonly participants?: number;
  readonly hours?: number;
  readonly mbit?: number;
  /** Of 100 participants. */
  readonly relayed?: number;
  readonly json: boolean;
  readonly markdown: boolean;
  readonly html?: string;
}

const stacks = fileURLToPath(new URL('../../stacks', import.meta.url));

const plan = z.object({
  steps: z.array(
    z.object({
      op: z.string(),
      urn: z.string(),
      oldState: z.object({ inputs: z.record(z.string(), z.unknown()).optional() }).nullish(),
      diffReasons: z.array(z.string()).nullish(),
      replaceReasons: z.array(z.string()).nullish(),
    }),
  ),
});

/** Prints what there is to say; the exit code. */
export async function runPreview(stack: string, flags: PreviewFlags): Promise<number> {
  let preview: Preview;
  try {
    preview = await previewOf(stack, flags);
  } catch (error) {
    process.stderr.write(`holdfast: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  if (flags.html !== undefined) writeFileSync(flags.html, asHtml(preview));
  if (flags.json) process.stdout.write(`${JSON.stringify(asJson(preview), null, 2)}\n`);
  else process.stdout.write(flags.markdown ? asMarkdown(preview) : asText(preview));
  return dangers(preview.compared?.changes ?? []).length > 0 ? 1 : 0;
}

async function previewOf(stack: string, flags: PreviewFlags): Promise<Preview> {
  const file = stackFile(stack);
  const after = await graphOf(file);
  const { participants, hours, mbit } = { ...usualAssumptions, ...flags };
  const relayedPercent = flags.relayed ?? usualAssumptions.relayedPercent;
  const costs = monthlyCost(after, { participants, hours, mbit, relayedPercent });
  const compared = await comparison(file, after, flags);
  return { graph: after, costs, ...(compared ? { compared } : {}) };
}

async function comparison(
  file: string,
  after: Graph,
  { against, plan: planFile }: PreviewFlags,
): Promise<{ with: string; changes: Change[] } | undefined> {
  if (planFile !== undefined) {
    const json = planFile === '-' ? await text(process.stdin) : readFileSync(planFile, 'utf8');
    return { with: 'what is deployed', changes: changesOf(plan.parse(JSON.parse(json)).steps) };
  }
  if (against === undefined) return undefined;
  const before =
    existsSync(against) && statSync(against).isDirectory()
      ? graphOfCheckout(against, file)
      : await graphOf(stackFile(against));
  // Names in the cloud have the stack's name in them; what is compared is one stack before and after.
  return { with: against, changes: changesBetween(renamed(before, after.stack), after) };
}

/** The graph as the program of another checkout makes it, of the stack of the same name there. */
function graphOfCheckout(folder: string, file: string): Graph {
  const there = resolve(folder);
  const name = file.split('/').at(-1) ?? file;
  const output = execFileSync(
    process.execPath,
    [join(there, 'cli', 'main.ts'), 'preview', join(there, 'stacks', name), '--json'],
    { cwd: there, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  return z.object({ graph }).parse(JSON.parse(output)).graph;
}

function renamed(before: Graph, stack: string): Graph {
  const from = JSON.stringify(before);
  return graph.parse(JSON.parse(from.replaceAll(`holdfast-${before.stack}`, `holdfast-${stack}`)));
}

/** A name of the folder stacks, or a file. */
function stackFile(stack: string): string {
  if (existsSync(stack)) return resolve(stack);
  const named = join(stacks, `Pulumi.${stack}.yaml`);
  if (existsSync(named)) return named;
  throw new Error(`there is no stack ${stack}: neither a file nor stacks/Pulumi.${stack}.yaml`);
}

function asJson({ graph, costs, compared }: Preview) {
  return {
    graph,
    costs: { lines: costs, ...total(costs) },
    changes: compared?.changes ?? null,
    endsMeetings: dangers(compared?.changes ?? []).length > 0,
  };
}
