import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const rows = readFileSync(join(root, 'docs/security-requirements.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Z\d]/.test(line) && !line.startsWith('| Nr.'))
  .map((line) => {
    const cells = line.split(' | ');
    return { line, number: cells[0]?.replace('| ', '') ?? '', proof: cells.at(-1) ?? '' };
  });
const named = rows.flatMap(({ number, proof }) =>
  [...proof.matchAll(/\]\(\.\.\/(test\/[^)]+)\) (“[^”]+”(?:, “[^”]+”)*)/g)].flatMap(
    ([, path = '', names = '']) =>
      Array.from(names.matchAll(/“([^”]+)”/g), ([, name = '']) => ({ number, path, name })),
  ),
);

describe('the requirements of security', () => {
  it('are all there, each with a proof or a plain word', () => {
    const numbers = rows.map(({ number }) => number);
    expect(numbers.filter((number) => /^R\d+$/.test(number))).toEqual(
      Array.from({ length: 50 }, (_, index) => `R${index + 1}`),
    );
    expect(numbers).toContain('8.4.1');
    const bare = rows.filter(
      ({ proof }) => !/“[^”]+”/.test(proof) && !/\*\*(Deviation|Open)\*\*: \S/.test(proof),
    );
    expect(bare.map(({ line }) => line)).toEqual([]);
  });

  it('name tests that exist, by their names', () => {
    expect(named.length).toBeGreaterThan(100);
    const wrong = named.filter(({ path, name }) => {
      if (!existsSync(join(root, path))) return true;
      const text = readFileSync(join(root, path), 'utf8').replaceAll("\\'", "'");
      return !text.includes(name);
    });
    expect(wrong).toEqual([]);
  });
});
