import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Binding,
  bindingBytes,
  decodeBound,
  encodeBound,
  type Purpose,
} from '../../src/keys/bound.ts';

const organisationId = '0192f5a0-0000-7000-8000-000000000001';
const appointmentId = '0192f5a0-0000-7000-8000-000000000002';
const reminderId = '0192f5a0-0000-7000-8000-000000000003';
const other = '0192f5a0-0000-7000-8000-00000000000f';
const binding: Binding = { organisationId, appointmentId, reminderId, version: 7 };
const payload = Buffer.from('where to be and when');
const mismatch = expect.objectContaining({ code: 'seal_mismatch', message: 'seal_mismatch' });

describe('bound plaintexts', () => {
  it('keep the format that is already stored', () => {
    expect(bindingBytes('content', binding).toString('hex')).toBe(
      '0101' +
        '0192f5a0000070008000000000000001' +
        '0192f5a0000070008000000000000002' +
        '0192f5a0000070008000000000000003' +
        '00000007',
    );
    const purposes: Purpose[] = [
      'content',
      'content_key',
      'content_key_envelope',
      'parcel',
      'note',
      'callback',
    ];
    expect(purposes.map((purpose) => bindingBytes(purpose, binding)[1])).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  it('give back any payload of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1500 }), (bytes) => {
        const bound = encodeBound('content', binding, Buffer.from(bytes));
        expect(decodeBound('content', binding, bound)).toEqual(Buffer.from(bytes));
        expect((bound.length - 54) % 512).toBe(0);
      }),
    );
  });

  it.each<[string, Purpose, Binding]>([
    ['organisation', 'note', { ...binding, organisationId: other }],
    ['appointment', 'note', { ...binding, appointmentId: other }],
    ['reminder', 'note', { ...binding, reminderId: other }],
    ['reminder, where none is meant', 'note', { ...binding, reminderId: undefined }],
    ['version', 'note', { ...binding, version: 8 }],
    ['purpose', 'parcel', binding],
  ])('are refused for another %s', (_, purpose, asked) => {
    const bound = encodeBound('note', binding, payload);
    expect(() => decodeBound(purpose, asked, bound)).toThrow(mismatch);
  });

  it('are refused when the head, the length or the padding is another', () => {
    const bound = encodeBound('content', binding, payload);
    const changedAt = (index: number) => {
      const changed = Buffer.from(bound);
      changed[index] = (changed[index] ?? 0) ^ 0x80;
      return changed;
    };
    const payloadStart = 54 + 4;
    const payloadEnd = payloadStart + payload.length;
    for (let index = 0; index < bound.length; index += 1) {
      if (index >= payloadStart && index < payloadEnd) continue;
      if (index === payloadStart - 1) continue; // a length within the zeros; the seal's MAC sees it
      expect(() => decodeBound('content', binding, changedAt(index)), `${index}`).toThrow(mismatch);
    }
    const longer = Buffer.concat([bound, Buffer.alloc(512)]);
    for (const bytes of [bound.subarray(0, 300), bound.subarray(0, 20), Buffer.alloc(0), longer]) {
      expect(() => decodeBound('content', binding, bytes)).toThrow(mismatch);
    }
  });

  it('cannot be made for what is no UUID, without repeating it', () => {
    const wrong = { ...binding, organisationId: '+33612345678' };
    expect(() => bindingBytes('content', wrong)).toThrow('id is not a UUID');
    expect(() => bindingBytes('content', { ...binding, version: -1 })).toThrow('version');
  });
});
