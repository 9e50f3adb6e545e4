import { z } from 'zod';
import { cloudNames, platformSettings } from './contract.ts';

type JsonSchema = z.core.JSONSchema.JSONSchema;

const settings: JsonSchema = z.toJSONSchema(platformSettings, { io: 'input' });

/** The part of the settings that a path leads to; undefined where there is none. */
function schemaAt(path: readonly PropertyKey[]): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((schema, part) => {
    const next = typeof part === 'number' ? schema?.items : schema?.properties?.[String(part)];
    return typeof next === 'object' && !Array.isArray(next) ? next : undefined;
  }, settings);
}

/** A value that would be right there. */
export function exampleAt(path: readonly PropertyKey[]): unknown {
  const examples: unknown = schemaAt(path)?.examples;
  return Array.isArray(examples) ? examples[0] : undefined;
}

/** Whether a key of the stack's configuration holds text as it stands, and not JSON. */
export function isText(key: string): boolean {
  return schemaAt([key])?.type === 'string';
}

/** Keys of a stack's configuration that the program reads, without `holdfast:`. */
export const settingNames: readonly string[] = Object.keys(settings.properties ?? {});

/** JSON schema of a whole `Pulumi.STACK.yaml`, for editors. */
export function stackFileSchema(): JsonSchema {
  const properties = Object.fromEntries(
    Object.entries(settings.properties ?? {}).map(([key, schema]) => [`holdfast:${key}`, schema]),
  );
  const secret = { type: 'object', properties: { secure: { type: 'string' } } } satisfies JsonSchema;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A stack of Holdfast',
    type: 'object',
    properties: {
      secretsprovider: { type: 'string' },
      encryptedkey: { type: 'string' },
      encryptionsalt: { type: 'string' },
      config: {
        type: 'object',
        required: ['holdfast:cloud', ...(settings.required ?? []).map((key) => `holdfast:${key}`)],
        properties: {
          'holdfast:cloud': {
            type: 'string',
            enum: [...cloudNames],
            description: 'The cloud that the stack is in',
          },
          ...properties,
        },
        // Configuration of providers (aws:region) is theirs; of ours, nothing unknown.
        patternProperties: { '^(?!holdfast:).+': { anyOf: [{}, secret] } },
        additionalProperties: false,
      },
    },
    required: ['config'],
    additionalProperties: false,
  };
}
