import fc, { type Arbitrary } from 'fast-check';
import { isReference } from '../../src/domain/reference.ts';
import type { FuzzRequest } from './exchange.ts';
import { awkwardTexts, mutated, type Schema, type Schemas, valuesOf } from './json-values.ts';

interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema?: Schema;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Schemas };
}

export interface ApiFuzzInput {
  readonly document: OpenApi;
  /** Stands in everything that must not come back. */
  readonly canary: string;
  /** What requests may sign in with: of every kind that there is, and of none. */
  readonly credentials: readonly string[];
  /** Ids that mean something to somebody: endpoints, incidents, organisations. */
  readonly ids: readonly string[];
}

/** What the document does not name. */
const undocumented = [
  ['POST', '/callbacks/twilio/status/{token}'],
  ['POST', '/callbacks/twilio/inbound/{token}'],
  ['POST', '/callbacks/email/bounce/{token}'],
  ['GET', '/docs/{token}'],
  ['GET', '/docs/problems/{token}'],
  ['GET', '/{token}'],
] as const;

/** Requests as our own OpenAPI document has them, and near misses of each. */
export function apiRequests(input: ApiFuzzInput): Arbitrary<FuzzRequest> {
  const documented = Object.entries(input.document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) =>
      requestsOf(input, { method: method.toUpperCase(), path, operation }),
    ),
  );
  const others = undocumented.map(([method, path]) =>
    requestsOf(input, { method, path, operation: {} }),
  );
  return fc.oneof(...documented, ...others);
}

function requestsOf(
  input: ApiFuzzInput,
  { method, path, operation }: { method: string; path: string; operation: Operation },
): Arbitrary<FuzzRequest> {
  const isAppointment = path.includes('{reference}');
  const schema = operation.requestBody?.content['application/json']?.schema;
  return fc.record({
    route: fc.constant(`${method} ${path}`),
    method: rarely(
      fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'),
      method,
    ),
    path: fc
      .tuple(fc.array(pathParts(input), { minLength: 3, maxLength: 3 }), queries(operation))
      .map(([parts, query]) => path.replaceAll(/\{\w+\}/g, () => parts.pop() ?? '') + query),
    headers: headers(input),
    ...(schema && { body: bodies(input, schema, isAppointment) }),
    ...(!schema && method === 'POST' && { body: forms(input.canary) }),
  }) as Arbitrary<FuzzRequest>;
}

const rarely = <T>(strange: Arbitrary<T>, usual: T): Arbitrary<T> =>
  fc.oneof({ weight: 19, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: strange });

function pathParts({ ids, canary }: ApiFuzzInput): Arbitrary<string> {
  const references = Array.from({ length: 200 }, (_, index) => `fuzz-${index}`);
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...references) },
    { weight: 4, arbitrary: fc.constantFrom(...ids) },
    {
      weight: 2,
      // But no reference, which is told again.
      arbitrary: awkwardTexts(canary)
        .map((text) => text.slice(0, 300))
        .filter((text) => !isReference(text))
        .map(encodeURIComponent),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...['%00', '%2e%2e', '..', '%', '%c0%af', '%ff', 'a/b', 'r'.repeat(129), '__proto__'],
      ),
    },
  );
}

function queries({ parameters = [] }: Operation): Arbitrary<string> {
  const names = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
  const values = fc.constantFrom(
    ...['1', '10', '0', '-1', '1e9', 'true', 'false', 'booked', 'null', 'x', '%00', '%', "'", '[]'],
    ...['2026-11-27T00:00:00Z', '2026-11-26T00:00:00Z', 'a'.repeat(600), 'eyJhIjoxfQ', 'now'],
  );
  const pair = fc
    .tuple(fc.constantFrom(...names, 'another', '__proto__', 'a[b]'), values)
    .map(([name, value]) => `${name}=${value}`);
  return fc
    .array(names.length > 0 ? pair : pair.filter(() => true), {
      maxLength: names.length > 0 ? 3 : 1,
    })
    .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.join('&')}`));
}

function headers({ credentials, canary, ids }: ApiFuzzInput): Arbitrary<Record<string, string>> {
  const strange = fc.constantFrom<Record<string, string>>(
    { 'x-forwarded-for': canary },
    { 'x-http-method-override': 'DELETE' },
    { 'content-encoding': 'gzip' },
    { accept: canary },
    { range: 'bytes=0-1' },
    { cookie: `__Host-session=${canary}; a=b` },
    { 'accept-language': `${canary},*;q=0` },
    { 'if-match': canary },
    { 'user-agent': canary },
    { 'x-twilio-signature': canary },
  );
  const types = fc.constantFrom(
    ...['application/json', 'application/json; charset=utf-8', 'text/plain', canary],
    ...[
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/json;charset=latin1',
    ],
  );
  return fc
    .record({
      credential: fc.constantFrom(...credentials),
      organisation: rarely(fc.constantFrom(...ids, 'x'), ''),
      type: rarely(types, 'application/json'),
      strange: rarely(strange, {}),
    })
    .map(({ credential, organisation, type, strange: more }) => ({
      'content-type': type,
      ...(credential === '' ? {} : { authorization: credential }),
      ...(organisation === '' ? {} : { 'sotto-organisation': organisation }),
      ...more,
    }));
}

/** A body that fits, one with a fault, or one that is no JSON. */
function bodies(
  { document, canary }: ApiFuzzInput,
  schema: Schema,
  isAppointment: boolean,
): Arbitrary<string> {
  const { schemas } = document.components;
  // What an appointment says is never told again; settings and addresses are read back by their owner.
  const word = isAppointment ? canary : 'plain';
  const fitting = valuesOf(schema, { schemas, canary: word, known: knownFields(word) });
  const json = fc.oneof(
    { weight: 5, arbitrary: fitting },
    { weight: 5, arbitrary: fitting.chain((value) => mutated(value, word)) },
  );
  return fc
    .tuple(
      json.map((value) => JSON.stringify(value) ?? 'null'),
      fc.nat(19),
      fc.nat(),
    )
    .map(([text, fault, place]) => {
      const at = place % Math.max(1, text.length);
      if (fault === 0) return text.slice(0, at);
      if (fault === 1) return `${text.slice(0, at)}\u0000${text.slice(at)}`;
      if (fault === 2) return text.replace('{', '{"__proto__":{"polluted":true},');
      if (fault === 3) return text.replace('{', '{"start":"x","start":"y",');
      return text;
    });
}

function forms(canary: string): Arbitrary<string> {
  return awkwardTexts(canary).map((text) =>
    new URLSearchParams({ MessageSid: 'SM1', Body: text }).toString(),
  );
}

/** Fields of which hardly anything that a schema lets through means something. */
function knownFields(canary: string): Readonly<Record<string, Arbitrary<unknown>>> {
  const start = Temporal.Now.instant()
    .round('hour')
    .add({ hours: 24 * 40 });
  const one = (...values: unknown[]) => fc.constantFrom(...values);
  return {
    start: fc.nat(600).map((hours) => start.add({ hours }).toString()),
    timeZone: one('Europe/Paris', 'UTC', 'America/New_York'),
    before: one('P1D', 'P2D', 'PT3H', 'PT5M', 'P1DT2H'),
    phone: one('+33639980001', '+33639980002', '+447700900000'),
    email: one(`${canary.toLowerCase()}@mail.example`, `a.${canary.toLowerCase()}@mail.example`),
    birthDate: one('1980-02-14', '2001-12-31'),
    pin: one('482913', '7 1 9 3 0 4'),
    language: one('fr', 'en', 'de', 'xx'),
    revision: fc.nat(5),
    after: one(null, 'x'),
    url: one('https://hooks.example.com/a', 'https://10.0.0.1/', 'http://127.0.0.1:1/', 'ftp://a'),
  };
}
