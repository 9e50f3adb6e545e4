import { writeFileSync } from 'node:fs';

/** The JSON document of a bench on stdout, and in a file where one is named; then what people read. */
export function printBench(
  document: object,
  forPeople: string,
  flags: { readonly json: boolean; readonly out?: string },
): void {
  const json = `${JSON.stringify(document, null, 2)}\n`;
  if (flags.out !== undefined) writeFileSync(flags.out, json);
  process.stdout.write(json);
  if (!flags.json) process.stdout.write(forPeople);
}
