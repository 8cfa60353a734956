/** What the generator made of our schemas, as far as it is looked at here. */
export interface Generated {
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

const prefix = '#/components/schemas/';
const requestSuffix = 'Input';

/**
 * The generated document with one component for each schema.
 *
 * The generator describes every schema twice, as a request and as an answer. Ours are one or the
 * other, so the half that nothing refers to goes, and the rest have the names that they were given.
 */
export function tidyOpenApi<Document extends Generated>(document: Document): Document {
  const schemas = document.components?.schemas ?? {};
  const used = new Set<string>();
  visit({ ...document, components: undefined });

  function visit(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      if (name === '$ref' && typeof inner === 'string') use(inner.slice(prefix.length));
      else visit(inner);
    }
  }
  function use(name: string): void {
    if (used.has(name)) return;
    used.add(name);
    visit(schemas[name]);
  }

  const tidy = {
    ...document,
    components: {
      ...document.components,
      schemas: Object.fromEntries([...used].sort().map((name) => [name, schemas[name]])),
    },
  };
  return rename(tidy, (name) => {
    const given = name.endsWith(requestSuffix) ? name.slice(0, -requestSuffix.length) : name;
    return used.has(given) ? name : given;
  });
}

function rename<Document extends Generated>(
  document: Document,
  newName: (name: string) => string,
): Document {
  const schemas = Object.entries(document.components?.schemas ?? {});
  const renamed = {
    ...document,
    components: {
      ...document.components,
      schemas: Object.fromEntries(schemas.map(([name, schema]) => [newName(name), schema])),
    },
  };
  return JSON.parse(JSON.stringify(renamed), (key, value) =>
    key === '$ref' && typeof value === 'string' && value.startsWith(prefix)
      ? prefix + newName(value.slice(prefix.length))
      : value,
  );
}
