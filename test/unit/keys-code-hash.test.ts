import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { codeHash, sessionHash } from '../../src/keys/code-hash.ts';

const key = new Secret(Buffer.alloc(32, 7));
const linkId = '0d9f1c62-0d5e-7b1c-8a54-3f4f2f1d9a10';
const visitId = new Secret('Zm9yIGEgdmlzaXQgb25seQ');
const phone = '+33639984217';
const code = '402918';

const stored = codeHash(key, {
  ...{ linkId, visitId },
  phone: new Secret(phone),
  code: new Secret(code),
});
const made = (visit: string) =>
  createHmac('sha256', key.reveal())
    .update(`sotto/code/2\n${linkId}\n${visit}\n${phone}\n${code}`)
    .digest();

it('a code is stored under the id that only the cookie of its session holds', () => {
  expect(stored).toEqual(made(visitId.reveal()));
});

it('whoever has all that is stored, the key, the number and the code cannot tell that they are right', () => {
  const session = sessionHash(visitId);
  for (const known of ['', session.toString('hex'), session.toString('base64url')]) {
    expect(made(known)).not.toEqual(stored);
  }
});
