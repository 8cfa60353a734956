import { once } from 'node:events';
import { link, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { runApi } from '../../src/roles/api.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { runCommand, spawnCommand } from '../support/run-command.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let keys: Awaited<ReturnType<typeof createTestKeys>>;
let apiFolder: string;
let folder: string;
let file: string;
let organisationId: string;
let otherId: string;
let api: Awaited<ReturnType<typeof runApi>> | undefined;
let port: number;
let env: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  organisationId = await database.createOrganisation();
  otherId = await database.createOrganisation();
  keys = await createTestKeys([organisationId, otherId]);
  apiFolder = await mkdtemp(join(tmpdir(), 'sotto-api-'));
  port = await freePort();
  const { key } = await createApiKey(
    { adminUrl: database.adminUrl },
    { organisationId, mode: 'test' },
  );
  env = { SOTTO_KEY: key.reveal(), API_URL: `http://127.0.0.1:${port}`, DATA_DIR: apiFolder };
  api = await startApi();
});
afterAll(async () => {
  await api?.close();
  await database.drop();
  await keys.remove();
  await rm(apiFolder, { recursive: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sotto-put-'));
  file = join(folder, 'visits.ndjson');
});
afterEach(async () => {
  await database.admin.query('truncate appointments cascade');
  await rm(folder, { recursive: true });
});

function startApi() {
  return runApi(
    loadConfig({
      API_PORT: String(port),
      DATABASE_URL: database.roleUrls.api.reveal(),
      DATA_DIR: apiFolder,
      KEYSTORE: `file:${keys.directory}`,
      LOG_LEVEL: 'silent',
    }),
  );
}

const start = Temporal.Now.instant().add({ hours: 72 }).round('second').toString();
/** Strings that stand in every line and nowhere else. */
const canaries = ['Canarini', 'Rue des Serins', '39980042', '482913', '1980-02-14'];

function line(reference: string, change: object = {}): string {
  return JSON.stringify({
    reference,
    start,
    timeZone: 'Europe/Paris',
    details: { practitioner: 'Dr Canarini', place: { address: '1 Rue des Serins' } },
    recipient: { phone: '+33639980042', pin: '482913', birthDate: '1980-02-14' },
    ...change,
  });
}

/** As the API answers what it has accepted. */
const acceptedAt = (path = '') => JSON.stringify({ reference: path.split('/').at(-1), version: 1 });

const many = (count: number) =>
  Array.from({ length: count }, (_, place) => line(`visit-${place}`)).join('\n');
const put = (...words: string[]) => runCommand(['put', file, ...words], { env });

async function stored(): Promise<{ reference: string; version: number }[]> {
  const { rows } = await database.admin.query(
    'select reference, version from appointments order by reference',
  );
  return rows;
}
const expectEachOnce = async (count: number) => {
  const rows = await stored();
  expect(new Set(rows.map(({ reference }) => reference)).size).toBe(count);
  expect(rows).toHaveLength(count);
  return rows.filter(({ version }) => version > 1);
};
const lines = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((each) => JSON.parse(each));

describe('a file of appointments', () => {
  it('is put, each once, with the receipts in a file for its owner alone', async () => {
    await writeFile(file, `\ufeff${many(30).replaceAll('\n', '\r\n')}`);
    const receipts = join(folder, 'receipts.ndjson');
    const { code, out } = await put('--receipts', receipts, '--json');
    expect({ code, ...JSON.parse(out) }).toEqual({
      code: 0,
      accepted: 30,
      refused: 0,
      skipped: 0,
      end: 'done',
      errors: null,
    });
    expect(await expectEachOnce(30)).toEqual([]);
    const kept = await lines(receipts);
    expect(kept).toHaveLength(30);
    expect(kept[0]).toEqual({
      reference: expect.stringMatching(/^visit-/),
      version: 1,
      receipt: expect.stringMatching(/^ey/),
      receiptSalt: expect.any(String),
    });
    for (const path of [receipts, `${file}.done`])
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(stat(`${file}.errors.ndjson`)).rejects.toThrow();
  });

  it('goes on where a killed run stood, and repeats at most what was in the air', async () => {
    await writeFile(file, many(160));
    const killed = spawnCommand(['put', file, '--concurrency', '4'], { env });
    await waitFor(async () => (await stored()).length >= 40, 20_000, 20);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect((await stored()).length).toBeLessThan(160);

    const { code, out } = await put('--json');
    const { accepted, skipped } = JSON.parse(out);
    expect({ code, lines: accepted + skipped }).toEqual({ code: 0, lines: 160 });
    expect(skipped).toBeGreaterThan(30);
    expect((await expectEachOnce(160)).length).toBeLessThanOrEqual(4);
    expect(JSON.parse((await put('--json')).out)).toMatchObject({ accepted: 0, skipped: 160 });
  });

  it('stops cleanly on Ctrl+C, says how to go on, and repeats nothing', async () => {
    await writeFile(file, many(160));
    const stopped = spawnCommand(['put', file, '--concurrency', '4'], { env });
    const errors = text(stopped.stderr);
    await waitFor(async () => (await stored()).length >= 40, 20_000, 20);
    stopped.kill('SIGINT');
    const [code] = await once(stopped, 'exit');
    expect(code).toBe(130);
    expect(await errors).toContain('To go on from here, run the same command again.');
    expect((await stored()).length).toBeLessThan(160);
    expect((await put()).code).toBe(0);
    expect(await expectEachOnce(160)).toEqual([]);
  });

  it('waits for an API that is away, and says so', async () => {
    await writeFile(file, many(3));
    await api?.close();
    const waiting = spawnCommand(['put', file], { env });
    let errors = '';
    waiting.stderr.on('data', (part) => {
      errors += part;
    });
    await waitFor(() => errors.includes('does not answer; trying again'));
    api = await startApi();
    const [code] = await once(waiting, 'exit');
    expect(code).toBe(0);
    expect(errors).toContain('answers again');
    await expectEachOnce(3);
  });

  it('sends lines of one reference in their order, and meanwhile others', async () => {
    const came: string[] = [];
    let letGo = () => {};
    const peer = createHttpServer((request, response) => {
      came.push(request.url?.split('/').at(-1) ?? '');
      const answer = () => response.writeHead(201).end(acceptedAt(request.url));
      // The first is held until the other reference comes: another of its own would come before.
      if (came.length === 1) letGo = answer;
      else answer();
      if (came.at(-1) === 'other') letGo();
    });
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    const { port: peerPort } = peer.address() as AddressInfo;
    await writeFile(file, [line('same'), line('same'), line('same'), line('other')].join('\n'));
    const done = await runCommand(['put', file], {
      env: { ...env, API_URL: `http://127.0.0.1:${peerPort}` },
    });
    peer.close();
    expect(done).toMatchObject({ code: 0, out: '4 accepted, 0 refused.\n' });
    expect(came).toEqual(['same', 'other', 'same', 'same']);
  });
});

describe('a line that is refused', () => {
  const bad = [
    line('visit-1'),
    line('visit-2', { recipient: { phone: '+33639980042', pin: '111111', Canarini: 1 } }),
    '{"reference":"visit-3","details":{"practitioner":"Dr Canarini"',
    '',
    line('Anna Canarini'),
    line('visit-6', { details: { practitioner: 'Canarini '.repeat(20_000) } }),
    `{"reference":"visit-7","start":"${start}","start":"Canarini"}`,
  ].join('\n');

  it('is told by number, reference and code, and by nothing that it says', async () => {
    await writeFile(file, bad);
    const { code, out, errors } = await put();
    expect({ code, out }).toEqual({ code: 1, out: '1 accepted, 5 refused.\n' });
    const path = `${file}.errors.ndjson`;
    expect((await lines(path)).sort((one, other) => one.line - other.line)).toEqual([
      {
        line: 2,
        reference: 'visit-2',
        status: 422,
        code: 'invalid_request',
        errors: [{ pointer: '/recipient', code: 'unknown_field' }],
      },
      { line: 3, code: 'malformed_line' },
      { line: 5, code: 'invalid_reference' },
      { line: 6, code: 'payload_too_large' },
      { line: 7, code: 'malformed_line' },
    ]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const written = [
      out,
      errors,
      await readFile(path, 'utf8'),
      await readFile(`${file}.done`, 'utf8'),
    ];
    for (const canary of canaries) expect(written.join()).not.toContain(canary);
  });

  it('is sent again once it is mended, and the others are not', async () => {
    await writeFile(file, [line('visit-1'), line('visit-2', { timeZone: 'Nowhere' })].join('\n'));
    expect((await put()).code).toBe(1);
    await writeFile(file, [line('visit-0'), line('visit-1'), line('visit-2')].join('\n'));
    const look = await runCommand(['put', file, '--dry-run'], { env: {} });
    expect(look).toMatchObject({ code: 0, out: '3 well formed, 0 refused.\n' });
    expect(await lines(`${file}.errors.ndjson`)).toHaveLength(1);
    expect(await put()).toMatchObject({ code: 0, out: '2 accepted, 0 refused, 1 done before.\n' });
    await expect(stat(`${file}.errors.ndjson`)).rejects.toThrow();
    expect(await expectEachOnce(3)).toEqual([]);
  });

  it('is found by a dry run too, which sends nothing and needs no key', async () => {
    await writeFile(file, bad);
    const { code, out } = await runCommand(['put', file, '--dry-run'], { env: {} });
    expect({ code, out }).toEqual({ code: 1, out: '1 well formed, 5 refused.\n' });
    expect(await lines(`${file}.errors.ndjson`)).toHaveLength(5);
    expect(await stored()).toEqual([]);
    await expect(stat(`${file}.done`)).rejects.toThrow();
  });
});

describe('what cannot be put', () => {
  it('for one organisation is put for another only by a platform that names it', async () => {
    const { key } = await createApiKey(
      { adminUrl: database.adminUrl },
      { organisationId, mode: 'test', actsFor: [otherId] },
    );
    await writeFile(file, line('visit-1'));
    const platform = { ...env, SOTTO_KEY: key.reveal() };
    const named = await runCommand(['put', file, '--organisation', otherId], { env: platform });
    expect(named).toMatchObject({ code: 0, out: '1 accepted, 0 refused.\n' });
    const { rows } = await database.admin.query('select organisation_id as id from appointments');
    expect(rows).toEqual([{ id: otherId }]);
    expect((await put('--organisation', otherId)).code).toBe(1);
    await expect(stat(`${file}.errors.ndjson`)).rejects.toThrow();
  });

  it('says so: no file, a wrong key, a file over another, a state of something else', async () => {
    await writeFile(file, many(2));
    expect(await runCommand(['put', `${file}.not`], { env })).toMatchObject({ code: 1, out: '' });
    const wrong = { ...env, SOTTO_KEY: 'sotto_test_wrong' };
    // What gets nowhere leaves the list of the run before.
    const before = '{"line":2,"code":"malformed_line"}\n';
    await writeFile(`${file}.errors.ndjson`, before);
    const refused = await runCommand(['put', file], { env: wrong });
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain('The API refuses the key');
    expect(await readFile(`${file}.errors.ndjson`, 'utf8')).toBe(before);
    for (const option of ['--errors', '--receipts']) {
      expect(await put(option, file), option).toMatchObject({ code: 2, out: '' });
    }
    const precious = join(folder, 'precious');
    await writeFile(precious, 'mine\n');
    expect((await put('--state', precious)).errors).toContain('is no state of sotto put');
    expect(await readFile(precious, 'utf8')).toBe('mine\n');
    expect(await readFile(file, 'utf8')).toBe(many(2));
    expect(await stored()).toEqual([]);
  });

  it('writes over no file that a link leads to', async () => {
    await writeFile(file, many(1));
    const precious = join(folder, 'precious');
    await writeFile(precious, '');
    await symlink(file, join(folder, 'soft'));
    await link(file, join(folder, 'hard'));
    for (const name of ['soft', 'hard']) {
      for (const option of ['--errors', '--receipts', '--state']) {
        const done = await put(option, join(folder, name));
        expect(done, `${option} ${name}`).toMatchObject({ code: 2, out: '' });
      }
    }
    // As somebody else might plant them beside the file.
    for (const planted of ['done', 'errors.ndjson']) {
      await symlink(precious, `${file}.${planted}`);
      const { code, errors } = await put();
      expect({ code, errors }).toEqual({
        code: 1,
        errors: `${file}.${planted} cannot be written.\n`,
      });
      await rm(`${file}.${planted}`);
    }
    const nowhere = join(folder, 'nowhere', 'state');
    expect((await put('--state', nowhere)).errors).toBe(`${nowhere} cannot be written.\n`);
    expect((await stat(precious)).mode & 0o777).not.toBe(0o600);
    expect(await readFile(file, 'utf8')).toBe(many(1));
    expect(await stored()).toEqual([]);
  });

  it('from standard input is put as well, and a key from the environment alone', async () => {
    const done = await runCommand(['put', '-', '--errors', join(folder, 'e')], {
      env,
      input: many(5),
    });
    expect(done).toMatchObject({ code: 0, out: '5 accepted, 0 refused.\n' });
    await expectEachOnce(5);
    const { SOTTO_KEY: _, ...without } = env;
    expect((await runCommand(['put', file], { env: without })).errors).toContain('set SOTTO_KEY');
  });
});

describe('where the API says to come back later', () => {
  /** What stands in front of the API, and lets as many through as it likes. */
  async function withPeer<Result>(
    letThrough: (count: number) => boolean,
    retryAfter: string,
    run: (url: string) => Promise<Result>,
  ): Promise<Result> {
    let count = 0;
    const peer = createHttpServer(async (request, response) => {
      await text(request);
      count += 1;
      if (letThrough(count)) return response.writeHead(201).end(acceptedAt(request.url));
      return response
        .writeHead(429, { 'retry-after': retryAfter })
        .end('{"code":"quota_exceeded","errors":[]}');
    });
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    try {
      return await run(`http://127.0.0.1:${(peer.address() as AddressInfo).port}`);
    } finally {
      peer.close();
    }
  }
  const putTo = (url: string, ...words: string[]) =>
    runCommand(['put', file, ...words], { env: { ...env, API_URL: url } });

  it('says why it waits and until when, once for all that wait, and goes on', async () => {
    await writeFile(file, many(6));
    const { code, out, errors } = await withPeer(
      (count) => count > 6,
      '2',
      (url) => putTo(url),
    );
    expect({ code, out }).toEqual({ code: 0, out: '6 accepted, 0 refused.\n' });
    const [first, ...more] = errors.trim().split('\n');
    expect(first).toMatch(
      /^The API says 429 quota_exceeded: waiting 2 s, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\. Ctrl\+C stops\.$/,
    );
    expect(more.filter((line) => line.includes('waiting'))).toEqual([]);
  });

  it('stops at once where that is too long, says so, and is continued by the same command', async () => {
    await writeFile(file, many(6));
    let isFull = true;
    await withPeer(
      (count) => count <= 2 || !isFull,
      '5000',
      async (url) => {
        const few = await putTo(url, '--json');
        expect(few.code).toBe(75);
        const told = JSON.parse(few.out);
        expect(told).toMatchObject({ accepted: 2, end: 'must wait', reason: '429 quota_exceeded' });
        const inMs = new Date(told.retryAt).getTime() - Date.now();
        expect([inMs > 4_900_000, inMs < 5_001_000]).toEqual([true, true]);
        expect(few.errors).toMatch(
          /^The API says 429 quota_exceeded: try again from \S+ \S+ UTC on\. That is longer than 10 min; --wait says how long to wait\.$/m,
        );
        expect(few.errors).toContain('To go on from here, run the same command again.');
        isFull = false;
        const out = '4 accepted, 0 refused, 2 done before.\n';
        expect(await putTo(url)).toMatchObject({ code: 0, out });
        expect(await putTo(url, '--wait', 'soon')).toMatchObject({ code: 2, out: '' });
      },
    );
  });

  it('waits no longer in all where each wait is short', async () => {
    await writeFile(file, many(2));
    const { code, errors } = await withPeer(
      () => false,
      '1',
      (url) => putTo(url, '--wait', 'PT2S'),
    );
    expect(code).toBe(75);
    expect(errors).toContain('That is longer than 2 s');
  });
});
