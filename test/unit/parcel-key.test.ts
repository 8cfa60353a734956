import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import { openParcelKey, parcelKeyFor } from '../../src/keys/parcel-key.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.advanceTimersByTime(1_000);
  vi.useRealTimers();
});

function pair() {
  const privateKey = newBoxPrivateKey();
  return { privateKey: new Secret(privateKey), publicKey: boxPublicKey(privateKey) };
}

it('a process keeps no key for a second that opens what it sealed', () => {
  const day = pair();
  const first = parcelKeyFor(day.publicKey);
  vi.advanceTimersByTime(999);
  const second = parcelKeyFor(pair().publicKey);
  expect(parcelKeyFor(day.publicKey)).toBe(first);
  vi.advanceTimersByTime(1);
  for (const { key } of [first, second]) expect(key.reveal()).toEqual(Buffer.alloc(32));
  expect(parcelKeyFor(day.publicKey).sealed).not.toEqual(first.sealed);
});

it('each day has a parcel key of its own, that opens with its own private key', () => {
  const [one, other] = [pair(), pair()];
  const { key, sealed } = parcelKeyFor(one.publicKey);
  expect(parcelKeyFor(other.publicKey).key.reveal()).not.toEqual(key.reveal());
  for (let times = 0; times < 2; times += 1) {
    expect(openParcelKey(one.privateKey, sealed).reveal()).toEqual(key.reveal());
    expect(() => openParcelKey(other.privateKey, sealed)).toThrow('cannot_open');
  }
  const changed = Buffer.from(sealed);
  changed[0] = (changed[0] ?? 0) ^ 1;
  expect(() => openParcelKey(one.privateKey, changed)).toThrow('cannot_open');
});

it('a parcel key never prints', () => {
  const { key } = parcelKeyFor(pair().publicKey);
  expect(`${inspect(key)} ${JSON.stringify({ key })}`).toBe('[sealed] {"key":"[sealed]"}');
});
