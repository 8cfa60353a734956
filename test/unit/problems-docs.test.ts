import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError, type ErrorCode, errorCodes } from '../../src/domain/errors.ts';
import { appointmentRequest } from '../../src/http/api/appointment-schema.ts';
import { buildApi } from '../../src/http/api/build-api.ts';
import { exampleAppointment } from '../../src/http/api/docs/example-appointment.ts';
import { fieldTexts } from '../../src/http/api/docs/problem-texts.ts';
import { sendCheckUseCases } from '../../src/usecases/send-check-use-cases.ts';
import { webhookUseCases } from '../../src/usecases/webhook-use-cases.ts';
import { listRoutes } from '../support/list-routes.ts';

const nobody = async () => {
  throw new AppError('unauthenticated');
};
const unused = {
  database: { transaction: nobody },
  journal: { append: nobody },
  keys: { webhookPublicKey: nobody },
  isSandbox: false,
};
const silent = () => {};

let api: FastifyInstance;
/** Every route there is, as `METHOD /path`, from the server itself. */
let routes: string[];

beforeAll(async () => {
  api = await buildApi({
    log: { debug: silent, info: silent, warn: silent, error: silent },
    apiUrl: 'https://api.test',
    nowMs: () => 0,
    authenticate: nobody,
    putAppointment: nobody,
    readAppointment: nobody,
    deleteAppointment: nobody,
    listAppointments: nobody,
    listEvents: nobody,
    readLedger: nobody,
    listOwnIncidents: nobody,
    readOwnIncident: nobody,
    readOrganisation: nobody,
    changeOrganisation: nobody,
    ...webhookUseCases(unused),
    ...sendCheckUseCases(unused),
    acceptStatusCallback: nobody,
    acceptInboundMessage: nobody,
    acceptBounce: nobody,
    isCallbackAddress: nobody,
    jwks: async () => ({ keys: [] }),
    ready: async () => ({}),
  });
  routes = await listRoutes(api);
});
afterAll(() => api.close());

const get = (url: string) => api.inject({ method: 'GET', url });

/** The parts of OpenAPI 3.1 that we use, each closed: what is not in the standard is refused. */
const schemaReference = z.strictObject({ $ref: z.string().startsWith('#/components/schemas/') });
const jsonSchema: z.ZodType = z.lazy(() =>
  z.union([
    schemaReference,
    z.strictObject({
      type: z.union([z.string(), z.array(z.string())]).optional(),
      properties: z.record(z.string(), jsonSchema).optional(),
      required: z.array(z.string()).min(1).optional(),
      additionalProperties: z.literal(false).optional(),
      items: jsonSchema.optional(),
      anyOf: z.array(jsonSchema).optional(),
      enum: z.array(z.string()).optional(),
      const: z.unknown().optional(),
      description: z.string().optional(),
      examples: z.array(z.unknown()).optional(),
      format: z.string().optional(),
      pattern: z.string().optional(),
      readOnly: z.boolean().optional(),
      minimum: z.number().optional(),
      maximum: z.number().optional(),
      minLength: z.number().optional(),
      maxLength: z.number().optional(),
      maxItems: z.number().optional(),
    }),
  ]),
);
const content = z.record(z.string().includes('/'), z.strictObject({ schema: jsonSchema }));
const operation = z.strictObject({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()),
  security: z
    .tuple([
      z.strictObject({ signedRequest: z.array(z.never()) }),
      z.strictObject({ apiKey: z.array(z.never()) }),
    ])
    .optional(),
  parameters: z
    .array(
      z.strictObject({
        name: z.string(),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean(),
        description: z.string().optional(),
        schema: jsonSchema,
      }),
    )
    .optional(),
  requestBody: z.strictObject({ required: z.literal(true), content }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.strictObject({ description: z.string().min(1), content: content.optional() }),
  ),
});
const openApi31 = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    description: z.string(),
    license: z.strictObject({ name: z.string(), identifier: z.string() }),
  }),
  servers: z.array(z.strictObject({ url: z.url() })),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'put', 'post', 'delete']), operation),
  ),
  components: z.strictObject({
    securitySchemes: z.record(
      z.string(),
      z.strictObject({
        type: z.literal('http'),
        scheme: z.string(),
        bearerFormat: z.string().optional(),
        description: z.string(),
      }),
    ),
    schemas: z.record(z.string().regex(/^[A-Za-z]+$/), jsonSchema),
  }),
});

describe('openapi.json', () => {
  it('is OpenAPI 3.1, and every reference in it leads somewhere', async () => {
    const answer = await get('/openapi.json');
    expect(answer.headers['content-type']).toContain('application/json');
    const document = openApi31.parse(answer.json());
    const references = [...answer.body.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(5);
    for (const [, name] of references) {
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
  });

  it('lists every route for booking systems, and no other', async () => {
    const document = openApi31.parse((await get('/openapi.json')).json());
    const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const expected = routes
      .filter((route) => / \/(v1|\.well-known)\//.test(route))
      .map((route) => route.replace(/:(\w+)/g, '{$1}'));
    expect(expected.length).toBeGreaterThanOrEqual(6);
    expect(listed.sort()).toEqual(expected.sort());
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map((each) => each?.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names every parameter of a path, and refuses fields beside those it names', async () => {
    const document = openApi31.parse((await get('/openapi.json')).json());
    for (const [path, methods] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const each of Object.values(methods)) {
        const given = each?.parameters?.filter((parameter) => parameter.in === 'path') ?? [];
        expect(given.map(({ name }) => name)).toEqual(names);
        expect(given.every(({ required }) => required)).toBe(true);
      }
    }
    expect(document.components.schemas.AppointmentRequest).toMatchObject({
      additionalProperties: false,
      required: ['start', 'timeZone', 'details', 'recipient'],
    });
  });
});

describe('the documentation', () => {
  it('shows every operation, every problem and every field code', async () => {
    const { body, statusCode } = await get('/docs');
    expect(statusCode).toBe(200);
    const document = openApi31.parse((await get('/openapi.json')).json());
    for (const methods of Object.values(document.paths)) {
      for (const each of Object.values(methods))
        expect(body).toContain(`id="${each?.operationId}"`);
    }
    for (const code of Object.keys(errorCodes)) expect(body).toContain(`id="problem-${code}"`);
    for (const code of Object.keys(fieldTexts)) expect(body).toContain(`id="field-${code}"`);
    for (const name of ['details.place.address', 'recipient.pin', 'reminders[].before']) {
      expect(body).toContain(`<code>${name}</code>`);
    }
  });

  it('needs no script and nobody else, and every link on it leads somewhere', async () => {
    const { body, headers } = await get('/docs');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; /,
    );
    expect(body).not.toMatch(/<script|<link|<img|@import|url\(/i);
    for (const [, target = ''] of body.matchAll(/href="([^"]+)"/g)) {
      if (target.startsWith('#')) expect(body).toContain(`id="${target.slice(1)}"`);
      else expect((await get(target)).statusCode).toBe(200);
    }
  });

  it('shows an example that is accepted as it stands', () => {
    const example = exampleAppointment(Temporal.Now.plainDateISO('UTC'));
    expect(appointmentRequest.safeParse(example).success).toBe(true);
  });

  it.each(Object.keys(errorCodes) as ErrorCode[])(
    'explains %s where its type leads',
    async (code) => {
      const { statusCode, body } = await get(`/docs/problems/${code}`);
      expect(statusCode).toBe(200);
      expect(body).toContain(`<code>${code}</code>`);
      expect(body).toContain('What to do');
    },
  );

  it.each(['internal', 'unavailable', 'not_stored'] as const)(
    'never says of %s, which may come after the COMMIT, that nothing was accepted',
    async (code) => {
      const guide = readFileSync('docs/integrators.md', 'utf8');
      const row = guide.split('\n').find((line) => line.includes(`| \`${code}\` |`)) ?? '';
      expect(row).not.toBe('');
      const { body } = await get(`/docs/problems/${code}`);
      for (const text of [errorCodes[code].title, body, row]) {
        expect(text).not.toMatch(/nothing\b[^.;]*\b(accepted|stored|changed)/i);
      }
    },
  );

  it('has no page for what is no problem', async () => {
    for (const name of ['nothing', 'constructor', '__proto__']) {
      expect((await get(`/docs/problems/${name}`)).statusCode).toBe(404);
    }
  });
});
