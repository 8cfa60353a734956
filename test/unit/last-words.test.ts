import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const lastWords = new URL('../../src/telemetry/last-words.ts', import.meta.url).href;
const canary = 'Marie Dupont +33612345678';

/** Runs a program that dies of `dying`, and returns everything that it said. */
function die(dying: string) {
  const program = `
    import { sayLastWords } from ${JSON.stringify(lastWords)};
    sayLastWords();
    const canary = ${JSON.stringify(canary)};
    ${dying}
    await new Promise((resolve) => setTimeout(resolve, 10_000));`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { encoding: 'utf8', env: {} },
  );
  return { status, said: stdout + stderr };
}

describe('an error that nobody caught', () => {
  it.each([
    ['a message and a cause', 'setTimeout(() => { throw new Error(canary, { cause: canary }); });'],
    ['a message of several lines', `throw new Error('x\\n    at ' + canary + ' (/src/a.ts:1:2)');`],
    [
      'what PostgreSQL says of a row',
      `Promise.reject(Object.assign(new Error('duplicate'), { code: '23505', detail: canary }));`,
    ],
    ['a code that is no code', 'throw Object.assign(new Error(), { code: canary, name: canary });'],
    ['a stack that lies', `throw Object.assign(new Error(canary), { stack: canary });`],
    ['no error at all', 'Promise.reject(canary);'],
    ['an object', 'throw { canary };'],
    ['a getter that throws', `throw { get code() { throw new Error(canary); } };`],
    ['several errors', 'Promise.any([Promise.reject(new Error(canary))]);'],
  ])('ends the process and says nothing of %s', (_name, dying) => {
    const { status, said } = die(dying);
    expect(status).toBe(1);
    for (const part of ['Marie', 'Dupont', '33612345678']) expect(said).not.toContain(part);
    const lines = said.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 60, code: expect.any(String) });
  });

  it('says its code, and where in our code it was thrown', () => {
    const { said } = die(`
      const { uuidArray } = await import(${JSON.stringify(new URL('../../src/store/database.ts', import.meta.url).href)});
      uuidArray([canary]);`);
    expect(JSON.parse(said)).toMatchObject({
      level: 60,
      code: 'internal',
      at: [expect.stringMatching(/^src\/store\/database\.ts:\d+:\d+$/)],
      msg: expect.any(String),
    });
  });
});
