import fc from 'fast-check';
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** Where one has its own idea of the values of a property; undefined: as its schema says. */
export type PropertyOverride = (
  name: string,
  bySchema: fc.Arbitrary<unknown>,
) => fc.Arbitrary<unknown> | undefined;

/** Lists, strings and dictionaries stay this short where the schema allows more: there must be many, not large ones. */
const MOST_ITEMS = 6;
const MOST_CHARACTERS = 120;

/**
 * Values that a schema accepts: such as it makes itself, because what it takes in may be anything that it then sorts. What
 * only code can check (refinements, custom schemas) is not seen, so some of them may be refused all the same.
 */
export function arbitraryOf(schema: z.ZodType, override: PropertyOverride = () => undefined) {
  return fromJsonSchema(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'output' }), override);
}

function fromJsonSchema(schema: JsonSchema | boolean, override: PropertyOverride): fc.Arbitrary<unknown> {
  if (typeof schema === 'boolean') return fc.jsonValue({ maxDepth: 2 });
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants) return fc.oneof(...variants.map((variant) => fromJsonSchema(variant, override)));
  switch (schema.type) {
    case 'object':
      return objects(schema, override);
    case 'array':
      return arrays(schema, override);
    case 'string':
      return strings(schema);
    case 'integer':
      return fc.integer(bounds(schema, -0x8000_0000, 0x7fff_ffff));
    case 'number':
      return fc.double({ ...bounds(schema, -1e15, 1e15), noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function bounds(schema: JsonSchema, least: number, most: number): { min: number; max: number } {
  // Draft 4 has booleans here; zod writes numbers.
  const known = (...limits: unknown[]) => limits.find((limit) => typeof limit === 'number');
  const min = Math.max(known(schema.minimum, schema.exclusiveMinimum) ?? least, Number.MIN_SAFE_INTEGER);
  const max = Math.min(known(schema.maximum, schema.exclusiveMaximum) ?? most, Number.MAX_SAFE_INTEGER);
  return { min: Math.min(min, max), max: Math.max(min, max) };
}

function strings({ pattern, minLength = 0, maxLength = MOST_CHARACTERS }: JsonSchema): fc.Arbitrary<string> {
  const most = Math.max(minLength, Math.min(maxLength, MOST_CHARACTERS));
  if (pattern !== undefined) {
    return fc
      .stringMatching(new RegExp(pattern), { size: 'small' })
      .filter(({ length }) => length >= minLength && length <= maxLength);
  }
  return fc.string({ minLength, maxLength: most, unit: 'grapheme-ascii' });
}

function arrays(
  { items, minItems = 0, maxItems = MOST_ITEMS }: JsonSchema,
  override: PropertyOverride,
): fc.Arbitrary<unknown[]> {
  const item = items === undefined || Array.isArray(items) ? true : items;
  return fc.array(fromJsonSchema(item, override), {
    minLength: minItems,
    maxLength: Math.max(minItems, Math.min(maxItems, MOST_ITEMS)),
  });
}

function objects(
  { properties = {}, required = [], additionalProperties, propertyNames }: JsonSchema,
  override: PropertyOverride,
): fc.Arbitrary<unknown> {
  const named = fc.record(
    Object.fromEntries(
      Object.entries(properties).map(([name, property]) => {
        const bySchema = fromJsonSchema(property, override);
        return [name, override(name, bySchema) ?? bySchema];
      }),
    ),
    { requiredKeys: required },
  );
  if (typeof additionalProperties !== 'object') return named;
  const keys = typeof propertyNames === 'object' ? strings(propertyNames) : fc.string({ maxLength: 20 });
  const more = fc.dictionary(keys, fromJsonSchema(additionalProperties, override), { maxKeys: MOST_ITEMS });
  return fc.tuple(more, named).map(([others, own]) => ({ ...others, ...own }));
}
