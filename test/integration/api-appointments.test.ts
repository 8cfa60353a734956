import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeleteAnswer, PutAnswer } from '../../src/domain/appointment.ts';
import { AppError, type ErrorCode, errorCodes } from '../../src/domain/errors.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';

/** In every value that a test sends; no answer and no log line may hold it. */
const canary = 'Canari';

let fixture: ApiFixture;
let organisationId: string;
let key: string;
/** What the use cases behind the routes were called with, and what they are to answer. */
let puts: { organisationId: string; mode: string; reference: string; body: unknown }[];
let deletes: unknown[];
let failure: Error | undefined;
let created: boolean;

beforeAll(async () => {
  fixture = await createApiFixture(() => ({
    async putAppointment({ body, ...input }) {
      puts.push({ ...input, body: body.reveal() });
      if (failure) throw failure;
      return acceptedAnswer(input.reference);
    },
    async deleteAppointment(input) {
      deletes.push(input);
      if (failure) throw failure;
      return deletedAnswer(input.reference);
    },
  }));
  organisationId = await fixture.database.createOrganisation();
  key = await fixture.key({ organisationId });
});
afterAll(() => fixture.close());
beforeEach(() => {
  puts = [];
  deletes = [];
  failure = undefined;
  created = true;
});

function acceptedAnswer(reference: string): PutAnswer {
  return {
    created,
    id: '7b0f4a52-58d2-4a50-9f5c-5e0f6ad5c0de',
    reference,
    version: 1,
    revision: null,
    state: 'booked',
    language: 'fr',
    reminders: [],
    receipt: 'a.b.c',
    receiptSalt: 'salt',
    // What a use case must not return, and the route must not pass on if one did.
    ...{ details: { practitioner: canary }, recipient: { phone: canary } },
  };
}

function deletedAnswer(reference: string): DeleteAnswer {
  const reminders = [{ id: '7b0f4a52-58d2-4a50-9f5c-5e0f6ad5c0de', state: 'in_flight' }];
  return {
    id: '7b0f4a52-58d2-4a50-9f5c-5e0f6ad5c0df',
    reference,
    version: 3,
    state: 'cancelled',
    reminders,
  };
}

function ordinaryBody(): Record<string, unknown> {
  return {
    start: '2027-01-12T10:30:00+01:00',
    timeZone: 'Europe/Paris',
    durationMinutes: 20,
    revision: 7,
    status: 'booked',
    notice: 'if_told',
    details: {
      practitioner: `Dr ${canary}`,
      specialty: canary,
      place: { name: canary, address: canary },
      instructions: `${canary}\nsecond line`,
      phone: '+33199001234',
      reason: canary,
      for: canary,
    },
    recipient: {
      phone: '+33639980001',
      email: 'canari@example.com',
      language: 'fr',
      birthDate: '1980-02-14',
      pin: '482913',
    },
    reminders: [{ before: 'P2D', channel: 'auto' }],
  };
}

const put = (payload: unknown, reference = 'visit-1') =>
  fixture.request({
    method: 'PUT',
    url: `/v1/appointments/${reference}`,
    key,
    headers: { 'content-type': 'application/json' },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });

const faults = (answer: { json(): { errors: { pointer: string; code: string }[] } }) =>
  answer.json().errors.map(({ pointer, code }) => `${pointer} ${code}`);

/** Sets a value deep inside an ordinary body; undefined removes it. */
function withValue(path: (string | number)[], value: unknown): Record<string, unknown> {
  const body = ordinaryBody();
  let target = body as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) target = target[part] as Record<string, unknown>;
  const last = path.at(-1) ?? '';
  if (value === undefined) delete target[last];
  else target[last] = value;
  return body;
}

describe('PUT, 201 and 200', () => {
  it('hands on the body exactly as it came, for the organisation and mode of the key', async () => {
    const { recipient, ...rest } = ordinaryBody();
    const body = { recipient, ...rest, start: '2027-01-12T10:30:00.000+01:00' };
    const answer = await put(body, 'A.b_c:9-9');
    expect(answer.statusCode).toBe(201);
    expect(puts).toEqual([
      {
        ...{ organisationId, mode: 'test', reference: 'A.b_c:9-9', body },
        credential: { id: expect.any(String), quotas: {} },
      },
    ]);
    expect(JSON.stringify(puts[0]?.body)).toBe(JSON.stringify(body));
  });

  it('answers 200 for a replacement', async () => {
    created = false;
    expect((await put(ordinaryBody())).statusCode).toBe(200);
  });

  it('answers the named fields and nothing that a use case returns beside them', async () => {
    const answer = await put(ordinaryBody());
    expect(Object.keys(answer.json()).sort()).toEqual(
      'id language receipt receiptSalt reference reminders revision state version'.split(' '),
    );
    expect(answer.body).not.toContain(canary);
  });

  it('takes the least that is asked for', async () => {
    const body = {
      start: '2027-01-12T10:30:00',
      timeZone: 'Europe/Paris',
      details: { practitioner: 'Dr' },
      recipient: { phone: '+33639980001' },
      reminders: [],
    };
    expect((await put(body)).statusCode).toBe(201);
  });

  it('takes a charset, and a reference of 128 characters', async () => {
    const answer = await fixture.request({
      method: 'PUT',
      url: `/v1/appointments/${'r'.repeat(128)}`,
      key,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      payload: JSON.stringify(ordinaryBody()),
    });
    expect(answer.statusCode).toBe(201);
  });
});

describe('PUT, 422', () => {
  const objects: (string | number)[][] = [
    [],
    ['details'],
    ['details', 'place'],
    ['recipient'],
    ['reminders', 0],
  ];
  it.each(objects)('refuses a field that it does not know in /%s/%s', async (...path) => {
    const inside = path.filter((part) => part !== undefined);
    const answer = await put(withValue([...inside, 'nickname'], canary));
    expect(answer.statusCode).toBe(422);
    expect(faults(answer)).toEqual([`${['', ...inside, 'nickname'].join('/')} unknown_field`]);
    expect(puts).toEqual([]);
  });

  it('names an unknown field only if it could be one, and says nothing else back', async () => {
    const answer = await put({
      ...ordinaryBody(),
      patientName: 1,
      'Dr Person': 1,
      'a/b': 1,
      [canary.repeat(20)]: 1,
    });
    expect(faults(answer).sort()).toEqual([
      ' unknown_field',
      ' unknown_field',
      ' unknown_field',
      '/patientName unknown_field',
    ]);
  });

  it.each(['start', 'timeZone', 'details', 'recipient'])('names a missing %s', async (name) => {
    expect(faults(await put(withValue([name], undefined)))).toEqual([`/${name} required`]);
  });

  it.each([
    [['start'], 5, 'invalid_type'],
    [['start'], null, 'invalid_type'],
    [['timeZone'], ['Europe/Paris'], 'invalid_type'],
    [['durationMinutes'], '20', 'invalid_type'],
    [['durationMinutes'], 20.5, 'invalid_value'],
    [['durationMinutes'], 0, 'invalid_value'],
    [['revision'], -1, 'invalid_value'],
    [['revision'], 2 ** 31, 'invalid_value'],
    [['revision'], '7', 'invalid_type'],
    [['status'], 'arrived', 'invalid_value'],
    [['status'], true, 'invalid_type'],
    [['notice'], 'always', 'invalid_value'],
    [['details'], canary, 'invalid_type'],
    [['details', 'practitioner'], undefined, 'required'],
    [['details', 'practitioner'], '', 'too_short'],
    [['details', 'practitioner'], '   ', 'too_short'],
    [['details', 'practitioner'], canary.repeat(50), 'too_long'],
    [['details', 'practitioner'], `${canary}\u0000`, 'control_character'],
    [['details', 'specialty'], `${canary}\n`, 'control_character'],
    [['details', 'instructions'], `${canary}\r\n`, 'control_character'],
    [['details', 'instructions'], `${canary}\u0085`, 'control_character'],
    [['details', 'for'], `${canary}\u001b[31m`, 'control_character'],
    [['details', 'place', 'name'], `${canary}\n`, 'control_character'],
    [['details', 'place', 'address'], `${canary}\r\n`, 'control_character'],
    [['details', 'place'], [], 'invalid_type'],
    [['details', 'place', 'address'], 7, 'invalid_type'],
    [['recipient'], null, 'invalid_type'],
    [['recipient', 'pin'], 482_913, 'invalid_type'],
    [['recipient', 'email'], `${canary.repeat(60)}@example.com`, 'too_long'],
    [['reminders'], {}, 'invalid_type'],
    [['reminders'], Array(9).fill({ before: 'P1D', channel: 'sms' }), 'too_many'],
    [['reminders', 0], 'P1D', 'invalid_type'],
    [['reminders', 0, 'before'], 2, 'invalid_type'],
    [['reminders', 0, 'before'], undefined, 'required'],
    [['reminders', 0, 'channel'], 'fax', 'invalid_value'],
  ] as const)('refuses %j = %j with %s', async (path, value, code) => {
    const answer = await put(withValue([...path], value));
    expect(answer.statusCode).toBe(422);
    expect(faults(answer)).toEqual([`/${path.join('/')} ${code}`]);
    expect(answer.body).not.toContain(canary);
    expect(puts).toEqual([]);
  });

  it('refuses details over 8 KiB as JSON in UTF-8, and takes 8 KiB', async () => {
    const of = (bytes: number) => {
      const details = { practitioner: 'D', instructions: 'é'.repeat(3_000), reason: '' };
      details.reason = 'é'.repeat(900);
      const rest = bytes - Buffer.byteLength(JSON.stringify({ ...details, phone: '' }));
      expect(rest).toBeGreaterThan(0);
      return { ...details, instructions: details.instructions + 'e'.repeat(rest + 11) };
    };
    const fitting = of(8_192);
    expect(Buffer.byteLength(JSON.stringify(fitting))).toBe(8_192);
    expect((await put({ ...ordinaryBody(), details: fitting })).statusCode).toBe(201);
    const over = { ...fitting, practitioner: 'Dr' };
    const answer = await put({ ...ordinaryBody(), details: over });
    expect(faults(answer)).toEqual(['/details details_too_large']);
  });

  it('names every fault at once, and fifty at most', async () => {
    const answer = await put({ start: 1, details: {}, extra: canary });
    expect(faults(answer).sort()).toEqual([
      '/details/practitioner required',
      '/extra unknown_field',
      '/recipient required',
      '/start invalid_type',
      '/timeZone required',
    ]);
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`field${n}`, n]));
    expect((await put({ ...ordinaryBody(), ...many })).json().errors).toHaveLength(50);
  });

  it.each(['with%20space', 'with%2Fslash', 'r'.repeat(129), 'caf%C3%A9', 'line%0A', '%00'])(
    'refuses the reference %s with an empty pointer',
    async (reference) => {
      const answer = await put(ordinaryBody(), reference);
      expect(answer.statusCode).toBe(422);
      expect(faults(answer)).toEqual([' invalid_reference']);
      expect(puts).toEqual([]);
    },
  );

  it('refuses a body that is no object, and none', async () => {
    expect(faults(await put('[]'))).toEqual([' invalid_type']);
    expect(faults(await put(`"${canary}"`))).toEqual([' invalid_type']);
    expect((await put('')).statusCode).toBe(422);
  });
});

describe('PUT, 400', () => {
  const ordinary = JSON.stringify({ start: 'x', timeZone: 'y' });
  it.each([
    ['no JSON', `{"start": ${canary}}`],
    ['half of it', ordinary.slice(0, -1)],
    ['two values', `${ordinary}${ordinary}`],
    ['a name given twice', `{"start":"${canary}","start":"${canary}"}`],
    [
      'a name given twice deep inside',
      '{"details":{"place":{"name":"a","address":"b","name":"c"}}}',
    ],
    ['a name given twice, once escaped', '{"start":"a","st\\u0061rt":"b"}'],
    ['__proto__', '{"__proto__":{"start":"x"}}'],
    ['__proto__ in escapes', '{"details":{"\\u005f_proto__":1}}'],
    ['half a surrogate pair', '{"start":"\\ud83d"}'],
  ])('refuses %s', async (_name, payload) => {
    const answer = await put(payload);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'malformed_request', errors: [] });
    expect(answer.body).not.toContain(canary);
  });

  it('refuses bytes that are no UTF-8, where a decoder would put another character', async () => {
    const payload = Buffer.concat([
      Buffer.from('{"start":"'),
      Buffer.of(0xe9),
      Buffer.from('","timeZone":"Europe/Paris"}'),
    ]);
    const answer = await fixture.request({
      method: 'PUT',
      url: '/v1/appointments/visit-1',
      key,
      headers: { 'content-type': 'application/json' },
      payload,
    });
    expect(answer.statusCode).toBe(400);
  });

  it('refuses an address with a broken escape, without repeating it', async () => {
    const answer = await fixture.request({ method: 'GET', url: `/v1/${canary}/%zz`, key });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body).not.toContain(canary);
  });
});

describe('PUT, 413 and 415', () => {
  it('refuses more than 64 KiB', async () => {
    const answer = await put({ ...ordinaryBody(), padding: canary.repeat(11_000) });
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ code: 'payload_too_large' });
    expect(answer.body).not.toContain(canary);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/merge-patch+json',
    `text/${canary}`,
  ])('refuses %s', async (type) => {
    const answer = await fixture.request({
      method: 'PUT',
      url: '/v1/appointments/visit-1',
      key,
      headers: { 'content-type': type },
      payload: JSON.stringify(ordinaryBody()),
    });
    expect(answer.statusCode).toBe(415);
    expect(answer.json()).toMatchObject({ code: 'unsupported_media_type' });
    expect(answer.body).not.toContain(canary);
  });

  it.each(['gzip', 'br', 'identity, gzip'])('refuses a body compressed by %s', async (encoding) => {
    const answer = await fixture.request({
      method: 'PUT',
      url: '/v1/appointments/visit-1',
      key,
      headers: { 'content-type': 'application/json', 'content-encoding': encoding },
      payload: JSON.stringify(ordinaryBody()),
    });
    expect(answer.statusCode).toBe(415);
    expect(answer.json()).toMatchObject({ code: 'unsupported_media_type' });
  });
});

describe('what a use case throws', () => {
  const thrown: ErrorCode[] = ['stale_revision', 'revision_required', 'not_stored', 'internal'];
  it.each(thrown)('%s is answered as its problem', async (code) => {
    failure = new AppError(code);
    const answer = await put(ordinaryBody());
    expect(answer.statusCode).toBe(errorCodes[code].status);
    expect(answer.json()).toEqual({
      type: `https://api.test/docs/problems/${code}`,
      title: errorCodes[code].title,
      status: errorCodes[code].status,
      code,
      errors: [],
    });
  });

  it.each(['busy', 'key_missing', 'unavailable'] as const)(
    '%s says when to try again',
    async (code) => {
      failure = new AppError(code, { retryAfterS: 3 });
      const answer = await put(ordinaryBody());
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBe('3');
    },
  );

  it('field errors keep their pointers', async () => {
    const fields = [{ pointer: '/recipient/phone', code: 'reserved_number' }] as const;
    failure = new AppError('invalid_request', { fields });
    expect(faults(await put(ordinaryBody()))).toEqual(['/recipient/phone reserved_number']);
  });

  it('an error that nobody foresaw is a 500 that says nothing of it, in the log neither', async () => {
    failure = new Error(`could not parse ${canary}`);
    const answer = await put(ordinaryBody());
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ code: 'internal', errors: [] });
    expect(answer.body).not.toContain(canary);
    const line = fixture.logged.findLast((each) => each.includes('request failed'));
    expect(line).toContain('"code":"Error"');
    expect(fixture.logged.join('\n')).not.toContain(canary);
  });
});

describe('DELETE', () => {
  const remove = (path: string) =>
    fixture.request({ method: 'DELETE', url: `/v1/appointments/${path}`, key });

  it('cancels, and says what became of each reminder', async () => {
    const answer = await remove('visit-1');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual(deletedAnswer('visit-1'));
    expect(deletes).toEqual([{ organisationId, mode: 'test', reference: 'visit-1', erase: false }]);
  });

  it('erases only when told so in so many words', async () => {
    await remove('visit-1?erase=true');
    await remove('visit-1?erase=false');
    expect(deletes).toMatchObject([{ erase: true }, { erase: false }]);
  });

  it.each([
    ['?erase=1', '/erase invalid_value'],
    ['?erase=', '/erase invalid_value'],
    ['?erase=true&erase=true', '/erase invalid_type'],
    ['?Erase=true', ' unknown_field'],
    ['?eraseAll=true', '/eraseAll unknown_field'],
  ])('refuses %s rather than guess', async (query, fault) => {
    const answer = await remove(`visit-1${query}`);
    expect(answer.statusCode).toBe(422);
    expect(faults(answer)).toEqual([fault]);
    expect(deletes).toEqual([]);
  });

  it('takes the empty JSON body that some clients send', async () => {
    const answer = await fixture.request({
      method: 'DELETE',
      url: '/v1/appointments/visit-1',
      key,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.statusCode).toBe(200);
  });

  it('answers 404 for what is not there, and for what cannot be', async () => {
    failure = new AppError('not_found');
    expect((await remove('visit-1')).statusCode).toBe(404);
    expect((await remove('with%20space')).statusCode).toBe(404);
    expect(deletes).toHaveLength(1);
  });
});

describe('what every answer has', () => {
  it('405 with the methods that the address takes', async () => {
    const answer = await fixture.request({ method: 'POST', url: '/v1/appointments/visit-1' });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe('DELETE, GET, HEAD, PUT');
    expect(answer.json()).toMatchObject({ code: 'method_not_allowed' });
  });

  it('headers that keep it out of caches, frames and guesses of its type', async () => {
    for (const url of ['/v1/appointments/visit-1', '/v1/nothing', '/livez']) {
      const { headers } = await fixture.request({ method: 'GET', url });
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
      });
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  });

  it('a log line with the pattern of the route, and nothing of the request', async () => {
    fixture.logged.length = 0;
    await put(ordinaryBody(), 'a-reference-of-theirs');
    await fixture.request({ method: 'GET', url: `/${canary}?${canary}=${canary}` });
    expect(fixture.logged.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'info',
        phrase: 'request answered',
        method: 'PUT',
        route: '/v1/appointments/:reference',
        status: 201,
        durationMs: expect.any(Number),
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      expect.objectContaining({ method: 'GET', route: 'none', status: 404 }),
    ]);
    expect(fixture.logged.join('\n')).not.toMatch(/Canari|a-reference|127\.0\.0\.1/);
  });

  /** Whatever comes back to what is written to a bare socket. */
  async function answerTo(write: (socket: Socket) => void): Promise<string> {
    const { server } = fixture.api;
    if (!server.listening) await fixture.api.listen({ host: '127.0.0.1', port: 0 });
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => write(socket));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
  }

  it('a problem even for what is no HTTP', async () => {
    const answer = await answerTo((socket) => socket.end(`${canary}\r\n\r\n`));
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('content-type: application/problem+json');
    expect(answer).toContain('"code":"malformed_request"');
    expect(answer).not.toContain(canary);
  });

  it('408, which says to repeat it, for what is too slow to arrive, and nothing is done', async () => {
    const { server } = fixture.api;
    const { headersTimeout, requestTimeout } = server;
    Object.assign(server, { headersTimeout: 1, requestTimeout: 1 });
    const head = `PUT /v1/appointments/visit-1 HTTP/1.1\r\nhost: api.test\r\nauthorization: Bearer ${key}\r\n`;
    const body = `content-type: application/json\r\ncontent-length: 1000\r\n\r\n{"start": "${canary}`;
    try {
      const answers = await Promise.all(
        [head, head + body].map((part) => answerTo((socket) => socket.write(part))),
      );
      for (const answer of answers) {
        expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
        expect(answer).toContain('"code":"request_timeout"');
        expect(answer).toContain('try again');
        expect(answer).not.toContain(canary);
      }
      expect(puts).toEqual([]);
    } finally {
      Object.assign(server, { headersTimeout, requestTimeout });
    }
  });
});
