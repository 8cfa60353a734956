import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DurableLines } from '../../src/cli/durable-lines.ts';
import { putLines } from '../../src/cli/put-lines.ts';
import { openPutState } from '../../src/cli/put-state.ts';
import { readLines } from '../../src/cli/read-lines.ts';
import { Secret } from '../../src/domain/secret.ts';

interface Visit {
  readonly reference: string;
  /** What is refused where it is `never`. */
  readonly start: string;
}

let folder: string;
let state: string;
let peer: Server;
let came: string[];
/** Where each appointment stands. */
let book: Map<string, string>;
let onRequest: () => void | Promise<void>;
/** Whether what comes is taken, and its answer does not arrive. */
let isLost: boolean;
let answers: (visit: Visit) => { status: number; body: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sotto-put-lines-'));
  peer = createServer(async (request, response) => {
    const { start } = (await json(request)) as Visit;
    const reference = request.url?.split('/').at(-1) ?? '';
    came.push(`${reference} ${start}`);
    await onRequest();
    const { status, body } = answers({ reference, start });
    if (status < 300) book.set(reference, start);
    if (isLost) request.socket.destroy();
    else response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  peer.closeAllConnections();
  await new Promise((resolve) => peer.close(resolve));
  await rm(folder, { recursive: true });
});
beforeEach(begin);

let times = 0;
function begin(): void {
  state = join(folder, `state-${times}`);
  times += 1;
  came = [];
  book = new Map();
  onRequest = () => {};
  isLost = false;
  answers = ({ reference, start }) =>
    start === 'never'
      ? { status: 422, body: '{"code":"invalid_request"}' }
      : { status: 200, body: JSON.stringify({ reference, version: 1, receipt: 'r' }) };
}

function kept(list: string[]): DurableLines {
  return {
    append: async (line) => {
      list.push(line);
    },
    close: async () => {},
  };
}

async function put(
  visits: readonly (Visit | string)[],
  {
    stop = new AbortController(),
    errors = kept([]),
    receipts = kept([]),
  }: { stop?: AbortController; errors?: DurableLines; receipts?: DurableLines } = {},
) {
  const access = {
    url: `http://127.0.0.1:${(peer.address() as AddressInfo).port}`,
    key: new Secret('sotto_test_x'),
    mode: 'test' as const,
    organisation: undefined,
    sandboxUrl: undefined,
  };
  const text = visits.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  const opened = await openPutState(state, access);
  try {
    return await putLines({
      ...{ access, errors, receipts, stop, state: opened },
      lines: readLines(parts(text.join('\n')), { bytesMax: 1_000 }),
      ...{ totalBytes: undefined, concurrency: 4, waitMaxMs: 1_000 },
      progress: { show() {}, say() {}, end() {} },
    });
  } finally {
    await opened.close();
  }
}
async function* parts(text: string) {
  yield Buffer.from(text);
}
const visit = (start: string, reference = 'visit'): Visit => ({ reference, start });

describe('what a file says last of an appointment', () => {
  it('stands after each run that went through, whatever earlier runs had sent', async () => {
    const visits = fc.array(
      fc.record({
        reference: fc.constantFrom('one', 'other'),
        start: fc.constantFrom('10:00', '11:00', '12:00', 'never'),
      }),
      { maxLength: 5 },
    );
    const runs = fc.array(fc.record({ visits, stopAt: fc.integer({ min: 1, max: 8 }) }), {
      ...{ minLength: 1, maxLength: 4 },
    });
    await fc.assert(
      fc.asyncProperty(runs, async (all) => {
        begin();
        for (const { visits: file, stopAt } of all) {
          const stop = new AbortController();
          const until = came.length + stopAt;
          onRequest = () => {
            if (came.length >= until) stop.abort('stopped');
          };
          await put(file, { stop });
          if (stop.signal.aborted) continue;
          const last = new Map(
            file.filter(({ start }) => start !== 'never').map((one) => [one.reference, one.start]),
          );
          for (const [reference, start] of last) expect(book.get(reference)).toBe(start);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('stands where it is what had been sent before, and taken back since', async () => {
    await put([visit('10:00')]);
    await put([visit('11:00')]);
    expect(await put([visit('10:00')])).toMatchObject({ accepted: 1, skipped: 0 });
    expect(book.get('visit')).toBe('10:00');
  });

  it('stands where a line before it was mended', async () => {
    await put([visit('never'), visit('11:00')]);
    expect(await put([visit('10:00'), visit('11:00')])).toMatchObject({ accepted: 2, skipped: 0 });
    expect(book.get('visit')).toBe('11:00');
  });

  it.each([
    ['before', [visit('never'), visit('10:00')]],
    ['behind', [visit('10:00'), visit('never')]],
  ])('is not sent again by each run for a line %s it that is refused', async (_, file) => {
    await put(file);
    for (const run of [2, 3, 4]) {
      came = [];
      expect(await put(file), `run ${run}`).toMatchObject({ accepted: 0, refused: 1, skipped: 1 });
      expect(came).toHaveLength(1);
    }
  });

  it('stands where the answer to what was said between was lost', async () => {
    const stop = new AbortController();
    await put([visit('10:00')]);
    isLost = true;
    onRequest = () => stop.abort('stopped');
    await put([visit('11:00')], { stop });
    expect(book.get('visit')).toBe('11:00');
    isLost = false;
    expect(await put([visit('10:00')])).toMatchObject({ accepted: 1, skipped: 0 });
    expect(book.get('visit')).toBe('10:00');
  });

  it('is not sent again where it stands, nor is what comes before it', async () => {
    const file = [visit('10:00'), visit('11:00'), visit('10:00', 'other')];
    await put(file);
    came = [];
    expect(await put(file)).toMatchObject({ accepted: 0, skipped: 3 });
    expect(came).toEqual([]);
  });

  it('is known from a state of an older version too, and from then on what comes after it', async () => {
    await put([visit('10:00')]);
    await put([visit('11:00')]);
    const written = await readFile(state, 'utf8');
    await writeFile(state, written.replaceAll(/^begun .*\n| \S{22}$/gm, ''));
    expect(await readFile(state, 'utf8')).toMatch(/^sotto put 1\n(\S{22}\n){2}$/);
    expect(await put([visit('11:00')])).toMatchObject({ accepted: 0, skipped: 1 });
    expect(await put([visit('10:00')])).toMatchObject({ accepted: 1, skipped: 0 });
    expect(book.get('visit')).toBe('10:00');
  });
});

describe('an answer', () => {
  it.each([
    '<html>Please sign in</html>',
    '{}',
    'null',
    '{"reference":"visit"}',
    '{"reference":"other","version":1}',
  ])('that is not the API’s is told, and the line is not done: 200 %s', async (body) => {
    answers = () => ({ status: 200, body });
    const refused: string[] = [];
    const receipts: string[] = [];
    expect(
      await put([visit('10:00')], { errors: kept(refused), receipts: kept(receipts) }),
    ).toMatchObject({ accepted: 0, refused: 1 });
    expect(refused.map((one) => JSON.parse(one))).toEqual([
      { line: 1, reference: 'visit', status: 200, code: 'unknown_answer' },
    ]);
    expect(receipts).toEqual([]);
    answers = ({ reference }) => ({
      status: 201,
      body: JSON.stringify({ reference, version: 1 }),
    });
    expect(await put([visit('10:00')])).toMatchObject({ accepted: 1 });
  });

  it('that is still to come when something fails is waited for, and its receipt kept', async () => {
    const receipts: string[] = [];
    const arrived = Promise.withResolvers<void>();
    const failed = Promise.withResolvers<void>();
    onRequest = () => {
      arrived.resolve();
      return failed.promise;
    };
    const errors: DurableLines = {
      async append() {
        await arrived.promise;
        // Later than whoever does not wait for the answer is done.
        setTimeout(failed.resolve, 50);
        throw new Error('no space');
      },
      close: async () => {},
    };
    await expect(
      put([visit('10:00'), 'no line'], { errors, receipts: kept(receipts) }),
    ).rejects.toThrow('no space');
    expect(receipts).toHaveLength(1);
    onRequest = () => {};
    expect(await put([visit('10:00')])).toMatchObject({ skipped: 1 });
  });
});
