import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Secret } from '../domain/secret.ts';

/**
 * Reads a secret from standard input, so that no history and no list of processes holds it: one line
 * that a terminal does not show, or else all of it, without the line break at its end.
 */
export async function readHidden(prompt: string): Promise<Secret<string>> {
  if (!process.stdin.isTTY) return new Secret((await text(process.stdin)).replace(/\r?\n$/, ''));
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  const line = await new Promise<string>((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
  });
  lines.close();
  process.stderr.write('\n');
  return new Secret(line);
}
