import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import { seedAppointment, seededPin } from '../support/seed-appointment.ts';

let database: TestDatabase;
let pages: PatientPages;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database);
  organisationId = await database.createOrganisation();
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});

const everywhere = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': expect.stringContaining('camera=()'),
  'strict-transport-security': 'max-age=31536000',
};

describe('every answer', () => {
  it('carries the same headers, whatever it says', async () => {
    const { link } = await seedAppointment(pages.seed, { organisationId });
    const visitor = pages.visitor();
    const answers = [
      await visitor.get(`/${link.token}`),
      await visitor.get('/r'),
      await visitor.get('/prove'),
      await visitor.prove('593827'),
      await visitor.prove(seededPin),
      await visitor.get('/details'),
      await visitor.post('/leave', {}),
    ];
    for (const path of [
      '/',
      '/check',
      '/style.css',
      '/robots.txt',
      '/favicon.ico',
      '/livez',
      '/readyz',
      '/nowhere',
      '/r',
      '/prove',
      '/details',
      '/left',
      '/%ff',
      `/${'x'.repeat(3_000)}`,
    ]) {
      answers.push(await pages.visitor().get(path), await pages.visitor().head(path));
    }
    answers.push(
      await pages.visitor().post('/prove', { pin: 'x'.repeat(9_000) }),
      await pages.visitor().post('/prove', {}, { 'content-type': 'application/json' }),
      await pages.visitor().post('/nowhere', {}),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 204, 303, 403, 404, 413]);
    for (const { headers } of answers) expect(headers).toMatchObject(everywhere);
  });

  it('carries them when the database is away, as a page that says when to come back', async () => {
    const broken = await startPatientPages(database, {
      openLink: () => Promise.reject(new AppError('unavailable', { retryAfterS: 2 })),
    });
    try {
      const { link } = await seedAppointment(broken.seed, { organisationId });
      const answer = await broken.visitor().get(`/${link.token}`);
      expect(answer.status).toBe(503);
      expect(answer.headers).toMatchObject({ ...everywhere, 'retry-after': '2' });
      expect(answer.body).toContain('<main id="main">');
    } finally {
      await broken.close();
    }
  });

  it('carries them when nobody foresaw the fault, and then says nothing of it', async () => {
    const broken = await startPatientPages(database, {
      openLink: () => Promise.reject(new Error('secret words of a fault')),
    });
    try {
      const { link } = await seedAppointment(broken.seed, { organisationId });
      const answer = await broken.visitor().get(`/${link.token}`);
      expect(answer.status).toBe(500);
      expect(answer.headers).toMatchObject(everywhere);
      expect(answer.body).not.toContain('secret words');
    } finally {
      await broken.close();
    }
  });

  it('carries them even to what is no HTTP, and to what is too slow to arrive', async () => {
    await pages.app.listen({ host: '127.0.0.1', port: 0 });
    const { server } = pages.app;
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    const answerTo = (words: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(address.port, '127.0.0.1', () => socket.write(words));
        let text = '';
        socket.on('data', (chunk) => {
          text += String(chunk);
        });
        socket.on('end', () => resolve(text));
        socket.on('error', reject);
      });
    const garbage = await answerTo('GARBAGE\r\n\r\n');
    Object.assign(server, { headersTimeout: 1, requestTimeout: 1 });
    const slow = await answerTo('GET /check HTTP/1.1\r\n');
    expect(garbage).toMatch(/^HTTP\/1\.1 400 /);
    expect(slow).toMatch(/^HTTP\/1\.1 408 /);
    for (const raw of [garbage, slow]) {
      expect(raw).toContain('cache-control: no-store\r\n');
      expect(raw).toContain('referrer-policy: no-referrer\r\n');
    }
  });

  it('promises no HTTPS over plain HTTP', async () => {
    const local = await startPatientPages(database, { patientUrl: 'http://localhost:3001' });
    try {
      const { headers } = await local.visitor().get('/check');
      expect(headers).not.toHaveProperty('strict-transport-security');
    } finally {
      await local.close();
    }
  });
});

describe('what needs no link', () => {
  it('tells how to recognise our messages, in the reader’s language, switchable', async () => {
    const french = await pages
      .visitor({ 'accept-language': 'fr-FR,fr;q=0.9,en;q=0.8' })
      .get('/check');
    expect(french.body).toContain('<html lang="fr"');
    expect(french.body).toContain('https://r.example/');
    expect(french.body).toContain('Rappels');
    const english = await pages
      .visitor({ 'accept-language': 'pl, en;q=0.5, fr;q=0.4' })
      .get('/check');
    expect(english.body).toContain('<html lang="en"');
    const other = await pages.visitor({ 'accept-language': 'ja' }).get('/check');
    expect(other.body).toContain('<html lang="en"');
    const silent = await pages.visitor().get('/check');
    expect(silent.body).toContain('<html lang="fr"');
    const switched = await pages.visitor({ 'accept-language': 'fr' }).get('/check?lang=en');
    expect(switched.body).toContain('<html lang="en"');
    const refused = await pages.visitor({ 'accept-language': 'fr, en;q=0' }).get('/check?lang=xx');
    expect(refused.body).toContain('<html lang="fr"');
  });

  it('keeps robots out, has no icon, and loads nothing from anywhere else', async () => {
    expect((await pages.visitor().get('/robots.txt')).body).toBe('User-agent: *\nDisallow: /\n');
    expect((await pages.visitor().get('/favicon.ico')).status).toBe(204);
    const home = await pages.visitor().get('/');
    expect([home.status, home.location]).toEqual([303, '/check']);
    const { body } = await pages.visitor().get('/check');
    const loaded = [...body.matchAll(/(?:src|href|action)="([^"]+)"/g)].map((match) => match[1]);
    for (const address of loaded) expect(address).toMatch(/^[/?#](?!\/)/);
    const style = await pages.visitor().get(/href="(\/style\.css[^"]*)"/.exec(body)?.[1] ?? '');
    expect(style.headers).toMatchObject({ 'content-type': 'text/css; charset=utf-8' });
    expect(style.body).not.toMatch(/url\(|@import/);
  });

  it('fits the first view into 14 kB', async () => {
    const { link } = await seedAppointment(pages.seed, { organisationId });
    const visitor = pages.visitor();
    await visitor.get(`/${link.token}`);
    const landing = await visitor.get('/r');
    const style = await visitor.get('/style.css');
    expect(Buffer.byteLength(landing.body + style.body)).toBeLessThan(14 * 1024);
  });
});
