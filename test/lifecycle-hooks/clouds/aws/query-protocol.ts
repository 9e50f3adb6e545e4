/** AWS's Query protocol, as a server has it: form-encoded requests, answers in XML. */

export type Value =
  | string
  | number
  | boolean
  | Date
  | readonly Value[]
  | { readonly [key: string]: Value | undefined };

/** Parameters by their dotted names: `Filter.1.Value.2`. */
export type Form = ReadonlyMap<string, string>;

export function parsedForm(body: string): Form {
  return new Map(new URLSearchParams(body));
}

/** The members of a list parameter: `InstanceIds.member.1`, or `Filter.1` where lists are flat. */
export function listOf(form: Form, name: string): string[] {
  const found: string[] = [];
  for (let index = 1; ; index += 1) {
    const value = form.get(`${name}.member.${index}`) ?? form.get(`${name}.${index}`);
    if (value === undefined) return found;
    found.push(value);
  }
}

/** `list`: what each item of a list is called. */
export function toXml(value: Value, list: 'member' | 'item'): string {
  if (Array.isArray(value)) return value.map((each) => `<${list}>${toXml(each, list)}</${list}>`).join('');
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object')
    return Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => `<${key}>${toXml(each ?? '', list)}</${key}>`)
      .join('');
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export interface Element {
  readonly name: string;
  readonly children: readonly Element[];
  readonly text: string;
}

/** The XML that such a server writes: no comments, no mixed content. */
export function parsedXml(xml: string): Element {
  interface Open {
    readonly name: string;
    readonly children: Element[];
    text: string;
  }
  const root: Open = { name: '', children: [], text: '' };
  const open: Open[] = [root];
  for (const [, closing, name, selfClosing, text] of xml.matchAll(
    /<(\/?)([A-Za-z][\w.]*)[^<>]*?(\/?)>|([^<]+)/g,
  )) {
    const top = open.at(-1);
    if (!top) throw new Error('XML that closes more than it opens');
    if (text !== undefined) top.text += unescaped(text);
    else if (closing) {
      if (top.name !== name) throw new Error(`</${name}> closes <${top.name}>`);
      open.pop();
    } else if (name !== undefined) {
      const element: Open = { name, children: [], text: '' };
      top.children.push(element);
      if (!selfClosing) open.push(element);
    }
  }
  const [document] = root.children;
  if (open.length !== 1 || !document) throw new Error('XML that is not one closed element');
  return document;
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
