import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { callApi } from '../../src/cli/call-api.ts';
import { createProgress } from '../../src/cli/progress.ts';
import { readLines } from '../../src/cli/read-lines.ts';
import { type Patience, untilAnswered } from '../../src/cli/until-answered.ts';
import { Secret } from '../../src/domain/secret.ts';

describe('progress', () => {
  function show(isTTY: boolean) {
    let written = '';
    let now = 0;
    const stream = {
      isTTY,
      columns: 40,
      write(text: string) {
        written += text;
        return true;
      },
      on() {},
    } as unknown as NodeJS.WriteStream;
    const progress = createProgress(stream, () => now);
    return {
      progress,
      written: () => written,
      turn: (ms: number) => {
        now += ms;
      },
    };
  }

  it('on a terminal is one line, drawn over itself and never wider than the terminal', () => {
    const { progress, written, turn } = show(true);
    for (const share of [0.1, 0.5, 1]) {
      progress.show({ share, text: 'done '.repeat(20) });
      turn(200);
    }
    progress.end();
    expect(written()).not.toContain('\n');
    const drawn = written().split('\r\u001b[2K');
    expect(drawn).toHaveLength(4);
    expect(drawn.at(-1)).toBe('');
    expect(drawn[1]).toMatch(/^\[#{12}\.{12}\] {2}50 % done/);
    for (const line of drawn) expect(line.length).toBeLessThan(40);
  });

  it('elsewhere is a plain line now and then', () => {
    const { progress, written, turn } = show(false);
    for (let seconds = 0; seconds < 25; seconds += 1) {
      progress.show({ share: seconds / 100, text: `${seconds} done` });
      turn(1_000);
    }
    progress.end();
    expect(written()).toBe(' 10 % 10 done\n 20 % 20 done\n');
  });

  it('leaves what is said meanwhile on a line of its own', () => {
    const { progress, written } = show(true);
    progress.show({ share: undefined, text: '3 done' });
    progress.say('trying again');
    expect(written()).toBe('3 done\r\u001b[2Ktrying again\n');
  });

  it('ends nothing where nobody is left to see it', async () => {
    const gone = new Writable({
      write: (_, __, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
    });
    const closed = new Promise<void>((resolve) => gone.once('close', resolve));
    const progress = createProgress(gone as unknown as NodeJS.WriteStream);
    progress.say('one');
    await closed;
    progress.say('two');
    expect(gone.errored).toMatchObject({ code: 'EPIPE' });
  });
});

describe('lines', () => {
  async function read(text: string, { partBytes = 3, bytesMax = 10 } = {}) {
    async function* parts() {
      const bytes = Buffer.from(text);
      for (let start = 0; start < bytes.length; start += partBytes) {
        yield bytes.subarray(start, start + partBytes);
      }
    }
    const found: [number, string | undefined, number][] = [];
    for await (const { number, bytes, endByte } of readLines(parts(), { bytesMax })) {
      found.push([number, bytes?.toString(), endByte]);
    }
    return found;
  }

  it.each([1, 2, 3, 100])('are whole however the parts fall: %i bytes each', async (partBytes) => {
    expect(await read('\ufeffone\r\n\ntwö\nlast', { partBytes })).toEqual([
      [1, 'one', 8],
      [3, 'twö', 14],
      [4, 'last', 18],
    ]);
  });

  it('that are too long are told as such, and the next ones are read', async () => {
    expect(await read(`${'x'.repeat(11)}\n${'y'.repeat(10)}\n${'z'.repeat(999)}`)).toEqual([
      [1, undefined, 12],
      [2, 'yyyyyyyyyy', 23],
      [3, undefined, 1022],
    ]);
  });
});

describe('a request that may be repeated', () => {
  let close = async () => {};
  afterEach(() => close());

  async function ask(answers: RequestListener[], change: Partial<Patience> = {}) {
    let count = 0;
    const server = createServer((request, response) => {
      const answer = answers[Math.min(count, answers.length - 1)];
      count += 1;
      answer?.(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    close = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const access = {
      url,
      key: new Secret('sotto_test_x'),
      mode: 'test' as const,
      organisation: undefined,
      sandboxUrl: undefined,
    };
    const patience: Patience = {
      signal: new AbortController().signal,
      patienceMs: 60_000,
      waitMaxMs: 60_000,
      closedUntilMs: 0,
      ...change,
    };
    const settled = await untilAnswered(patience, () =>
      callApi(access, { method: 'GET', path: '/' }),
    );
    return { settled, count, patience };
  }
  const says =
    (status: number, headers: Record<string, string> = {}): RequestListener =>
    (_, response) =>
      response.writeHead(status, headers).end('{}');
  const hangsUp: RequestListener = (request) => request.socket.destroy();

  it('goes through 503, lost connections and proxies', async () => {
    const { settled, count } = await ask([says(503), hangsUp, says(502), says(201)]);
    expect({ settled, count }).toMatchObject({ settled: { status: 201 }, count: 4 });
  });

  it('waits at 429 as long as it is told, and lets the others wait too', async () => {
    const began = performance.now();
    const { settled, patience } = await ask([says(429, { 'retry-after': '1' }), says(200)]);
    expect(settled).toMatchObject({ status: 200 });
    expect(patience.closedUntilMs - began).toBeGreaterThan(900);
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  it('is not repeated once it is answered, whatever the answer says', async () => {
    for (const status of [200, 401, 404, 409, 422, 500]) {
      const { settled, count } = await ask([says(status)]);
      expect({ settled, count }).toMatchObject({ settled: { status }, count: 1 });
      await close();
    }
  });

  it('is given up after so much trouble, and let go when it is stopped', async () => {
    expect((await ask([hangsUp], { patienceMs: 100 })).settled).toBe('gave up');
    const stop = new AbortController();
    const stopping: RequestListener = (request) => {
      request.socket.destroy();
      stop.abort();
    };
    expect((await ask([stopping], { signal: stop.signal })).settled).toBe('stopped');
  });

  it('follows no redirection: a key goes nowhere else', async () => {
    const away = says(307, { location: 'http://127.0.0.1:9/' });
    expect((await ask([away], { patienceMs: 0 })).settled).toBe('gave up');
  });
});
