import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { compactDecrypt } from 'jose';
import { describe, expect, it } from 'vitest';
import { channels } from '../../src/domain/channel.ts';
import { Secret } from '../../src/domain/secret.ts';
import { callbackSecret, isCallbackSecret } from '../../src/keys/callback-secret.ts';
import { createOptOutTokens } from '../../src/keys/opt-out-token.ts';
import { suppressionIndexes } from '../../src/keys/suppression-index.ts';

const key = (id: string) => ({ id, key: new Secret(randomBytes(32)) });
const [older, newer] = [key('1'), key('2')];
const tokensOf = (...keys: ReturnType<typeof key>[]) =>
  createOptOutTokens({ keys, newest: keys.at(-1)?.id ?? '' });
const claim = { index: randomBytes(32), pepperId: '1', channel: 'email' } as const;

describe('an opt-out token', () => {
  it('opens to what it was minted for, whatever that is', async () => {
    const tokens = tokensOf(older);
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.constantFrom(...channels),
        fc.integer({ min: 1, max: 999_999_999 }),
        async (bytes, channel, pepper) => {
          const minted = { index: Buffer.from(bytes), channel, pepperId: String(pepper) };
          const token = tokens.mint(minted);
          expect(await tokens.open(token.reveal())).toEqual(minted);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('fits an address that no mail program cuts, and is another each time', async () => {
    const tokens = tokensOf(older);
    const [one, other] = [tokens.mint(claim), tokens.mint(claim)];
    expect(one.reveal()).toHaveLength(84);
    expect(one.reveal()).not.toBe(other.reveal());
    expect(Buffer.from(one.reveal(), 'base64url').includes(claim.index)).toBe(false);
  });

  it('is a JWE that others could read with the key and the header that stays at home', async () => {
    const token = tokensOf(older).mint(claim).reveal();
    const bytes = Buffer.from(token, 'base64url');
    const header = Buffer.from('{"alg":"dir","enc":"A256GCM","typ":"opt-out"}');
    const parts = [header, Buffer.alloc(0), bytes.subarray(0, 12), bytes.subarray(12, -16)];
    const compact = [...parts, bytes.subarray(-16)].map((part) => part.toString('base64url'));
    const { plaintext } = await compactDecrypt(compact.join('.'), older.key.reveal());
    expect(Buffer.from(plaintext).subarray(-32)).toEqual(claim.index);
  });

  it('opens under every key that is kept, and under no other', async () => {
    const token = tokensOf(older).mint(claim).reveal();
    expect(await tokensOf(older, newer).open(token)).toEqual(claim);
    expect(await tokensOf(newer).open(token)).toBeUndefined();
  });

  it('with one bit changed, or anything else, opens to nothing', async () => {
    const tokens = tokensOf(older);
    const token = tokens.mint(claim).reveal();
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 5) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await tokens.open(changed.toString('base64url'))).toBeUndefined();
    }
    for (const other of ['', 'stop', `${token}A`, token.slice(1), `${token}=`, 'é'.repeat(84)]) {
      expect(await tokens.open(other)).toBeUndefined();
    }
  });
});

describe('a suppression index', () => {
  it('is an HMAC of the contact under each pepper, the newest last', () => {
    const contact = new Secret('+33639980001');
    expect(suppressionIndexes([older, newer], contact)).toEqual(
      [older, newer].map(({ id, key: pepper }) => ({
        index: createHmac('sha256', pepper.reveal()).update('+33639980001').digest(),
        pepperId: id,
      })),
    );
  });

  it('is the same for an address however its capitals are written', () => {
    const [one] = suppressionIndexes([older], new Secret('Anna.Example@example.org'));
    const [same] = suppressionIndexes([older], new Secret('anna.example@example.org'));
    const [other] = suppressionIndexes([older], new Secret('anne.example@example.org'));
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
  });
});

describe('a callback’s secret', () => {
  it('is accepted under every key that is kept, for its own callback alone', () => {
    const secret = callbackSecret(older, 'inbound').reveal();
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(isCallbackSecret([older, newer], 'inbound', secret)).toBe(true);
    expect(isCallbackSecret([older, newer], 'bounce', secret)).toBe(false);
    expect(isCallbackSecret([newer], 'inbound', secret)).toBe(false);
    expect(isCallbackSecret([older], 'inbound', `${secret}=`)).toBe(false);
    expect(isCallbackSecret([older], 'inbound', '')).toBe(false);
    expect(isCallbackSecret([], 'inbound', secret)).toBe(false);
  });
});
