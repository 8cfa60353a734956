/** The parts of a JSON Schema that our own schemas use. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

export type Components = Readonly<Record<string, JsonSchema>>;

/** A line of a table of fields. */
export interface FieldLine {
  /** Names from the top, parted by dots; `[]` after a list. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

/** Every field of a schema, depth first, in the order of the schema. */
export function listFields(schema: JsonSchema, components: Components, prefix = ''): FieldLine[] {
  const { properties = {}, required = [] } = objectOf(resolve(schema, components));
  return Object.entries(properties).flatMap(([name, property]) => {
    const field = resolve(property, components);
    const path = `${prefix}${name}`;
    const line = {
      path,
      type: typeText(field),
      required: required.includes(name),
      description: field.description ?? '',
    };
    const inner = field.items
      ? listFields(field.items, components, `${path}[].`)
      : listFields(field, components, `${path}.`);
    return [line, ...inner];
  });
}

/** The object itself where null may stand in its place. */
function objectOf(schema: JsonSchema): JsonSchema {
  return schema.anyOf?.find(({ properties }) => properties) ?? schema;
}

/** A schema's type and bounds in a few words. */
export function typeText(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map(typeText).join(' or ');
  if (schema.enum) return schema.enum.join(' | ');
  if (schema.const !== undefined) return String(schema.const);
  const type = [schema.type ?? 'any'].flat().join(' or ');
  return [type, schema.format, bounds(schema)].filter(Boolean).join(', ');
}

function bounds({ minimum, maximum, maxLength, maxItems }: JsonSchema): string {
  if (maxLength !== undefined) return `at most ${maxLength} characters`;
  if (maxItems !== undefined) return `at most ${maxItems}`;
  if (maximum !== undefined) return `${minimum ?? ''} to ${maximum}`;
  return minimum === undefined ? '' : `${minimum} or more`;
}

function resolve(schema: JsonSchema, components: Components): JsonSchema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (components[name] ?? {});
}
