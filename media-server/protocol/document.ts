import { z } from 'zod';
import type { Contract } from './contract.ts';
import { drainRequest, drainStatus, releaseRequest } from './drain.ts';
import { errorTable } from './errors.ts';
import { nodeClientContract, nodeContract } from './node.ts';
import { registryClientContract, registryContract } from './registry.ts';
import * as rest from './rest.ts';
import { scalingContract } from './scaling.ts';
import { clientContract, gatewayContract, PROTOCOL_VERSION } from './signalling.ts';

/** Renders PROTOCOL.md from the schemas. `npm run protocol:document` writes it; a test fails when it is stale. */
export function renderProtocolDocument(): string {
  const sections = [
    '# Protocol',
    `Version ${PROTOCOL_VERSION}. Made from the schemas in this folder by \`npm run protocol:document\`; do not edit.`,
    'All WebSockets carry JSON-RPC 2.0 text messages, requests and notifications in both directions. Times are ' +
      'milliseconds, bitrates bits per second. Errors have JSON-RPC code -32000 and carry `data.code` from the table ' +
      'at the end.',
    '## Browser and gateway: `/v1/signal`',
    contractSection('Browser → gateway', gatewayContract),
    contractSection('Gateway → browser', clientContract),
    '## Gateway (or another node) and media node: `/rpc`',
    'With `Authorization: Bearer <cluster token>`. Leg requests and reports of a browser are passed on unchanged, and so are leg events.',
    contractSection('Gateway → media node', withoutSharedWith(nodeContract, gatewayContract)),
    contractSection('Media node → gateway', withoutSharedWith(nodeClientContract, clientContract)),
    '## Media node and control plane: `/internal/nodes`',
    'With `Authorization: Bearer <cluster token>`.',
    contractSection('Media node → control plane', registryContract),
    contractSection('Control plane → media node', registryClientContract),
    '## Autoscaler and control plane: `/internal/scaling`',
    'With `Authorization: Bearer <scaling token>`, which media nodes do not have.',
    contractSection('Autoscaler → control plane', scalingContract),
    '## Drain agent and media node: HTTP over the local socket',
    bodiesSection({
      '`PUT /v1/drain`': drainRequest,
      '`GET`, `PUT`, `DELETE /v1/drain` answer': drainStatus,
      '`POST /v1/drain/release`': releaseRequest,
    }),
    '## REST API',
    'Operators and applications send `Authorization: Bearer <token>`.',
    bodiesSection({
      '`GET /v1/nodes` (operator) answers': rest.nodeList,
      '`POST /v1/nodes/{id}/drain` (operator)': rest.drainNode,
      '`POST`, `DELETE /v1/nodes/{id}/drain` answer': rest.nodeView,
      '`GET /v1/meetings` (operator) answers': rest.meetingList,
      '`GET /v1/decisions` (operator) asks': rest.decisionQuery,
      '`GET /v1/decisions` answers': rest.decisionList,
      '`POST /v1/meetings` (application)': rest.createMeeting,
      '`POST /v1/meetings` answers': rest.meetingView,
      '`POST /v1/meetings/{id}/tokens` (application)': rest.createToken,
      '`POST /v1/join` (only where the configuration has `openJoin`)': rest.openJoin,
      '`GET /v1/page` answers': rest.pageSettings,
      '`POST …/tokens` and `POST /v1/join` answer': rest.tokenView,
      'Every error': rest.errorBody,
    }),
    '## Errors',
    table(
      ['code', 'HTTP', 'again?', 'what to do'],
      Object.entries(errorTable).map(([code, { status, retryable, action }]) => [
        `\`${code}\``,
        String(status),
        retryable ? 'yes' : 'no',
        action,
      ]),
    ),
  ];
  return `${sections.join('\n\n')}\n`;
}

function withoutSharedWith(contract: Contract, shared: Contract): Contract {
  return Object.fromEntries(Object.entries(contract).filter(([method]) => !Object.hasOwn(shared, method)));
}

function contractSection(title: string, contract: Contract): string {
  const methods = Object.entries(contract).map(([method, spec]) => {
    const parts = [
      `#### \`${method}\` (${spec.kind})`,
      spec.summary,
      fields(spec.params, 'No parameters.'),
      ...(spec.kind === 'request' ? [fields(spec.result, '', 'Answer: ')] : []),
    ];
    return parts.filter((part) => part !== '').join('\n\n');
  });
  return [`### ${title}`, ...methods].join('\n\n');
}

function bodiesSection(bodies: Readonly<Record<string, z.ZodType>>): string {
  return Object.entries(bodies)
    .map(([title, schema]) => `#### ${title}\n\n${fields(schema, 'Empty.')}`)
    .join('\n\n');
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

function fields(schema: z.ZodType, none: string, lead = ''): string {
  const json = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input', reused: 'inline' });
  const rows = Object.entries(json.properties ?? {}).map(([name, field]) => {
    const value = typeof field === 'object' ? field : {};
    const optional = json.required?.includes(name) ? '' : '?';
    return [`\`${name}${optional}\``, `\`${typeOf(value)}\``, value.description ?? ''];
  });
  return rows.length === 0
    ? none
    : `${lead === '' ? '' : `${lead}\n\n`}${table(['field', 'type', 'meaning'], rows)}`;
}

function typeOf(schema: JsonSchema): string {
  if (schema.title) return schema.title;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const options = schema.anyOf ?? schema.oneOf;
  if (options)
    return options.map((option) => (typeof option === 'object' ? typeOf(option) : 'any')).join(' | ');
  if (schema.type === 'array') {
    const { items } = schema;
    const item = typeof items === 'object' && !Array.isArray(items) ? typeOf(items) : 'any';
    return item.includes(' ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
  }
  if (schema.type === 'object') {
    const members = Object.entries(schema.properties ?? {}).map(
      ([name, field]) =>
        `${name}${schema.required?.includes(name) ? '' : '?'}: ${typeof field === 'object' ? typeOf(field) : 'any'}`,
    );
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  return Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? 'any');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
