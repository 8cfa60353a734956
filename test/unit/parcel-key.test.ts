import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import { newLinkSecret } from '../../src/keys/link-secret.ts';
import { openParcel } from '../../src/keys/open-parcel.ts';
import { parcelKeyFor } from '../../src/keys/parcel-key.ts';
import { sealParcel } from '../../src/keys/sealing.ts';

const id = '0192f5a0-0000-7000-8000-000000000001';
const binding = { organisationId: id, appointmentId: id, reminderId: id };
const contactPoint = new Secret('+33612345678');
const parcel = {
  linkSecret: newLinkSecret(),
  contactPoint,
  channel: 'sms',
  language: 'fr',
} as const;

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

it('each day has a parcel key of its own, that opens with its own private key alone', () => {
  const [one, other] = [pair(), pair()];
  expect(parcelKeyFor(other.publicKey).key.reveal()).not.toEqual(
    parcelKeyFor(one.publicKey).key.reveal(),
  );
  const sealed = sealParcel({ epochPublicKey: one.publicKey, binding, parcel });
  for (let times = 0; times < 2; times += 1) {
    const opened = openParcel({ epochPrivateKey: one.privateKey, binding, sealed });
    expect(opened.linkSecret.reveal()).toEqual(parcel.linkSecret.reveal());
    expect(() => openParcel({ epochPrivateKey: other.privateKey, binding, sealed })).toThrow(
      'cannot_open',
    );
  }
});

it('a parcel key never prints', () => {
  const { key } = parcelKeyFor(pair().publicKey);
  expect(`${inspect(key)} ${JSON.stringify({ key })}`).toBe('[sealed] {"key":"[sealed]"}');
});
