import { changeRows, costRows, notes, type Preview, partRows, priceNote, verdict } from './report.ts';

/** For a pull request. */
export function asMarkdown(preview: Preview): string {
  const { graph, costs, compared } = preview;
  const blocks = [
    `### ${graph.stack}: phase ${graph.phase}`,
    `**${verdict(preview)}** ${priceNote(costs)}`,
    ...(compared && compared.changes.length > 0
      ? [
          grid(['', 'resource', 'what differs', 'running meetings'], changeRows(compared.changes)),
          notes(preview)
            .map((note) => `- ${escaped(note)}`)
            .join('\n'),
        ]
      : []),
    `<details><summary>${graph.resources.length} resources</summary>\n`,
    grid(['part', 'resources', 'protected', 'kinds'], partRows(graph)),
    grid(['cost', 'count', 'a month'], costRows(costs)),
    '</details>',
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A cell ends at a bar, and names of the cloud may look like markup. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
