import { type Change, dangers } from './changes.ts';
import { type GraphResource, keyOf } from './graph.ts';
import { costRows, notes, type Preview, priceNote, shortType, verdict } from './report.ts';

/** A page of its own with the stack as boxes in boxes; what changes is coloured by what it does to meetings. */
export function asHtml(preview: Preview): string {
  const { graph, costs, compared } = preview;
  const changes = new Map((compared?.changes ?? []).map((change) => [keyOf(change), change]));
  const children = new Map<string | null, GraphResource[]>();
  for (const each of graph.resources) children.set(each.parent, [...(children.get(each.parent) ?? []), each]);

  const box = (resource: GraphResource): string => {
    const inner = (children.get(keyOf(resource)) ?? []).map(box).join('');
    const change = changes.get(keyOf(resource));
    const title = `${text(shortType(resource.type))} <b>${text(resource.name)}</b>`;
    const lock = resource.protect
      ? ' <small title="the engine refuses to delete or replace it">protected</small>'
      : '';
    return `<div class="${kindOf(resource)} ${classOf(change)}"><p>${title}${lock}${said(change)}</p>${inner}</div>`;
  };
  const gone = (compared?.changes ?? []).filter(({ op }) => op === 'delete' || op === 'leave');
  const danger = dangers(compared?.changes ?? []).length > 0;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${text(graph.stack)}</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #1c2430; background: #fff }
.part, .thing { border: 1px solid #c8d0da; border-radius: 6px; padding: .3rem .6rem; margin: .25rem; background: #fff }
.part { background: #f3f6f9; display: flex; flex-wrap: wrap; align-items: flex-start }
.part > p { flex-basis: 100% } p { margin: .1rem 0 } table { border-collapse: collapse; margin: 1rem 0 }
td { padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #e3e8ee }
.create { border-color: #1d7f4e; background: #e9f7ef } .update { border-color: #2763c4; background: #eaf1fc }
.rolls { border-color: #a96400; background: #fff3dd } .replaces { border-color: #b3261e; background: #fdeceb }
.verdict { font-size: 1.15rem; font-weight: 600 } .bad { color: #b3261e }
</style>
<h1>${text(graph.stack)}: phase ${text(graph.phase)}</h1>
<p class="verdict${danger ? ' bad' : ''}">${text(verdict(preview))}</p>
<p>${text(priceNote(costs))}</p>
<ul>${[...notes(preview), ...gone.map(({ op, type, name }) => `${op} ${shortType(type)} ${name}`)]
    .map((note) => `<li>${text(note)}</li>`)
    .join('')}</ul>
${(children.get(null) ?? []).map(box).join('')}
<table>${costRows(costs)
    .map((row) => `<tr>${row.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`)
    .join('')}</table>
</html>
`;
}

const kindOf = ({ type }: GraphResource) => (type.startsWith('holdfast:') ? 'part' : 'thing');

function classOf(change: Change | undefined): string {
  if (!change) return '';
  if (change.effect === 'replaces') return 'replaces';
  if (change.effect === 'rolls by drain') return 'rolls';
  return change.op;
}

function said(change: Change | undefined): string {
  if (!change) return '';
  const what = change.properties.length > 0 ? ` (${change.properties.join(', ')})` : '';
  return `<br><small>${text(`${change.op}${what}: ${change.effect}`)}</small>`;
}

function text(raw: string): string {
  return raw
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
