import fc, { type Arbitrary } from 'fast-check';

/** As much of JSON Schema as our own document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
}

export type Schemas = Readonly<Record<string, Schema>>;

/** Texts that programs have stumbled over, each around the word that must never come back. */
export function awkwardTexts(canary: string): Arbitrary<string> {
  const around = [
    '',
    '\u0000',
    '\r\nX-Injected: 1',
    '\u202e',
    '\u2066',
    '\u200b',
    '\ufeff',
    'e\u0301',
    '\ud83d\ude00',
    '<script>alert(1)</script>',
    '"><img src=x>',
    "' or 1=1--",
    '{{7*7}}#{7*7}',
    '../../etc/passwd',
    'a'.repeat(5_000),
    '\u0130\u0131\ufb03',
  ];
  return fc
    .tuple(fc.constantFrom(...around), fc.constantFrom(...around))
    .map(([before, after]) => `${before}${canary}${after}`);
}

/** What is no value of the schema, as a rule. */
export function strangeValues(canary: string): Arbitrary<unknown> {
  return fc.oneof(
    awkwardTexts(canary),
    fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 1e308, -2_147_483_649, [], {}, '', ' '),
    fc.constantFrom(30, 2_000).map((depth) => deep(depth, canary)),
    fc.constant({ constructor: { prototype: { polluted: canary } } }),
    fc.array(fc.constant(canary), { minLength: 100, maxLength: 100 }),
  );
}

function deep(depth: number, leaf: unknown): unknown {
  let value = leaf;
  for (let level = 0; level < depth; level += 1) value = level % 2 ? [value] : { a: value };
  return value;
}

interface Context {
  readonly schemas: Schemas;
  readonly canary: string;
  /** Values of fields that mean something, by name. */
  readonly known: Readonly<Record<string, Arbitrary<unknown>>>;
}

/** Values that a schema lets through, mostly. */
export function valuesOf(schema: Schema, context: Context, name = ''): Arbitrary<unknown> {
  const known = context.known[name];
  if (known) return known;
  if (schema.$ref !== undefined) {
    const named = context.schemas[schema.$ref.replace('#/components/schemas/', '')];
    if (!named) throw new Error(`the document has no ${schema.$ref}`);
    return valuesOf(named, context);
  }
  const alternatives = schema.anyOf ?? schema.allOf;
  if (alternatives) return fc.oneof(...alternatives.map((one) => valuesOf(one, context, name)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch ([schema.type].flat()[0]) {
    case 'object':
      return fc.record(
        Object.fromEntries(
          Object.entries(schema.properties ?? {}).map(([field, inner]) => [
            field,
            valuesOf(inner, context, field),
          ]),
        ),
        { requiredKeys: [...(schema.required ?? [])] },
      );
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, context, name), { maxLength: 3 });
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1_000, 1e9) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.constantFrom('text', '10', '08:00', `words ${context.canary}`);
  }
}

/** A value with one thing changed: a field gone, added or strange, somewhere in it. */
export function mutated(value: unknown, canary: string): Arbitrary<unknown> {
  const places = placesIn(value);
  return fc
    .tuple(fc.constantFrom(...places), strangeValues(canary), fc.constantFrom('drop', 'add', 'set'))
    .map(([path, strange, how]) => changed(value, path, { strange, how }));
}

function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key])),
  ];
}

function changed(
  value: unknown,
  [key, ...rest]: readonly string[],
  change: { strange: unknown; how: string },
): unknown {
  if (key === undefined) {
    if (change.how === 'add' && typeof value === 'object' && value !== null) {
      return Array.isArray(value)
        ? [...value, change.strange]
        : { ...value, another: change.strange };
    }
    return change.strange;
  }
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  if (rest.length === 0 && change.how === 'drop') delete copy[key];
  else copy[key] = changed(copy[key], rest, change);
  return copy;
}
