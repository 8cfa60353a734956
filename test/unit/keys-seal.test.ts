import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import { linkSealPublicKey, newLinkSecret } from '../../src/keys/link-secret.ts';
import { openDetails } from '../../src/keys/open-details.ts';
import { openCallback, openParcel } from '../../src/keys/open-parcel.ts';
import { sealedParcelKeyBytes } from '../../src/keys/parcel-key.ts';
import {
  newContentKey,
  prepareContent,
  sealCallback,
  sealContent,
  sealContentKey,
  sealNote,
  sealParcel,
} from '../../src/keys/sealing.ts';

const id = (last: number) => `0192f5a0-0000-7000-8000-${String(last).padStart(12, '0')}`;
const content = { organisationId: id(1), appointmentId: id(2), version: 3 };
const reminder = { organisationId: id(1), appointmentId: id(2), reminderId: id(4) };
const linkId = id(5);
const body = {
  start: '2026-12-03T10:30:00+01:00',
  details: { practitioner: 'Dr Élodie 🩺', instructions: 'line\nbreak' },
  recipient: { phone: '+33612345678', pin: '482913' },
  reminders: [{ before: 'P2D', channel: 'auto' }],
};
const phone = new Secret('+33612345678');

const day = pair();
const view = pair();

function pair() {
  const privateKey = newBoxPrivateKey();
  return { privateKey: new Secret(privateKey), publicKey: boxPublicKey(privateKey) };
}

/** Everything that one accepted appointment with one link leaves in the database. */
function sealed() {
  const linkSecret = newLinkSecret();
  const linkPublicKey = linkSealPublicKey(linkSecret);
  const contentKey = newContentKey();
  const { plaintext } = prepareContent(body);
  return {
    linkSecret,
    linkPublicKey,
    contentKey,
    sealedContent: sealContent(contentKey, content, plaintext),
    sealedContentKey: sealContentKey({
      contentKey,
      linkPublicKey,
      viewPublicKey: view.publicKey,
      binding: content,
      linkId,
    }),
    parcel: sealParcel({
      epochPublicKey: day.publicKey,
      binding: reminder,
      parcel: { linkSecret, contactPoint: phone, channel: 'sms', language: 'fr' },
    }),
    note: sealNote({
      linkPublicKey,
      binding: reminder,
      note: { channel: 'sms', contactPoint: phone },
    }),
  };
}

function open(row: ReturnType<typeof sealed>, changes: Record<string, unknown> = {}) {
  return openDetails({
    linkSecret: row.linkSecret,
    viewPrivateKey: view.privateKey,
    binding: content,
    linkId,
    sealedContentKey: row.sealedContentKey,
    sealedContent: row.sealedContent,
    note: row.note,
    noteBinding: reminder,
    ...changes,
  });
}

const refusal = (code: string) => expect.objectContaining({ name: 'SealError', code });
const mismatch = refusal('seal_mismatch');
const closed = refusal('cannot_open');

describe('details', () => {
  it('open with the link and the patient key together', () => {
    const opened = open(sealed());
    expect(opened.body.reveal()).toEqual(body);
    expect(opened.note.contactPoint.reveal()).toBe('+33612345678');
    expect(opened.note.channel).toBe('sms');
  });

  it('stay closed without the link, and without the patient key', () => {
    const row = sealed();
    expect(() => open(row, { linkSecret: newLinkSecret() })).toThrow(closed);
    expect(() => open(row, { viewPrivateKey: day.privateKey })).toThrow(closed);
  });

  it('open for a link that went out before the appointment moved', () => {
    const row = sealed();
    const contentKey = newContentKey();
    const moved = { ...content, version: 4 };
    const { plaintext } = prepareContent({ ...body, start: '2026-12-04T09:00:00+01:00' });
    const opened = open(row, {
      binding: moved,
      sealedContent: sealContent(contentKey, moved, plaintext),
      sealedContentKey: sealContentKey({
        contentKey,
        linkPublicKey: row.linkPublicKey,
        viewPublicKey: view.publicKey,
        binding: moved,
        linkId,
      }),
    });
    expect(opened.body.reveal()).toMatchObject({ start: '2026-12-04T09:00:00+01:00' });
  });

  it.each([
    ['organisation', { binding: { ...content, organisationId: id(9) } }],
    ['appointment', { binding: { ...content, appointmentId: id(9) } }],
    ['version', { binding: { ...content, version: 2 } }],
    ['link', { linkId: id(9) }],
    ['organisation of the note', { noteBinding: { ...reminder, organisationId: id(9) } }],
    ['appointment of the note', { noteBinding: { ...reminder, appointmentId: id(9) } }],
    ['reminder of the note', { noteBinding: { ...reminder, reminderId: id(9) } }],
  ])('do not open as those of another %s', (_, changes) => {
    expect(() => open(sealed(), changes)).toThrow(mismatch);
  });

  it('do not open with the content, key or note of another row', () => {
    const row = sealed();
    const other = sealed();
    expect(() => open(row, { sealedContent: other.sealedContent })).toThrow(closed);
    expect(() => open(row, { sealedContentKey: other.sealedContentKey })).toThrow(closed);
    expect(() => open(row, { note: other.note })).toThrow(closed);
  });

  it('do not open under the same content key when moved to another appointment', () => {
    const row = sealed();
    const elsewhere = { ...content, appointmentId: id(9) };
    const moved = sealContent(row.contentKey, elsewhere, prepareContent(body).plaintext);
    expect(() => open(row, { sealedContent: moved })).toThrow(closed);
  });

  it('do not open when a note stands where a key belongs, or the other way round', () => {
    const row = sealed();
    const noteToView = sealNote({
      linkPublicKey: view.publicKey,
      binding: { ...content, reminderId: linkId },
      note: { channel: 'sms', contactPoint: phone },
    });
    expect(() => open(row, { sealedContentKey: noteToView })).toThrow(mismatch);
    const parcelToLink = sealParcel({
      epochPublicKey: row.linkPublicKey,
      binding: reminder,
      parcel: { linkSecret: row.linkSecret, contactPoint: phone, channel: 'sms', language: 'fr' },
    });
    expect(() => open(row, { note: parcelToLink })).toThrow(closed);
  });

  it('gain nothing for a thief who swaps the public key in the link row for his own', () => {
    const row = sealed();
    const thief = newLinkSecret();
    const swapped = sealContentKey({
      contentKey: row.contentKey,
      linkPublicKey: linkSealPublicKey(thief),
      viewPublicKey: view.publicKey,
      binding: content,
      linkId,
    });
    const withoutView = { linkSecret: thief, sealedContentKey: swapped, viewPrivateKey: undefined };
    for (const guess of [day.privateKey, pair().privateKey]) {
      expect(() => open(row, { ...withoutView, viewPrivateKey: guess })).toThrow(closed);
    }
  });

  it('stay closed when any byte of them changed or is missing', () => {
    const row = sealed();
    for (const field of ['sealedContent', 'sealedContentKey', 'note'] as const) {
      for (let index = 0; index < row[field].length; index += 1) {
        const changed = Buffer.from(row[field]);
        changed[index] = (changed[index] ?? 0) ^ 0x80;
        expect(() => open(row, { [field]: changed }), `${field} ${index}`).toThrow(closed);
      }
      for (const length of [0, 10, 47, row[field].length - 1]) {
        expect(() => open(row, { [field]: row[field].subarray(0, length) })).toThrow(closed);
      }
    }
  });

  it('that hold no JSON object are refused without being quoted', () => {
    const row = sealed();
    const plaintext = Buffer.alloc(512);
    plaintext.writeUInt32BE(13, 0);
    plaintext.write('Dr Practition', 4);
    const forged = sealContent(row.contentKey, content, new Secret(plaintext));
    expect(() => open(row, { sealedContent: forged })).toThrow(mismatch);
    const list = sealContent(row.contentKey, content, prepareContent(['a']).plaintext);
    expect(() => open(row, { sealedContent: list })).toThrow(mismatch);
  });

  it('never print once opened', () => {
    const opened = open(sealed());
    for (const text of [inspect(opened, { depth: 9 }), JSON.stringify(opened), `${opened.body}`]) {
      expect(text).toContain('[sealed]');
      expect(text).not.toMatch(/lodie|336|482913/);
    }
  });
});

describe('a parcel', () => {
  it('gives the worker what it needs to send', () => {
    const row = sealed();
    const opened = openParcel({
      epochPrivateKey: day.privateKey,
      binding: reminder,
      sealed: row.parcel,
    });
    expect(opened.linkSecret.reveal()).toEqual(row.linkSecret.reveal());
    expect(opened.contactPoint.reveal()).toBe('+33612345678');
    expect([opened.channel, opened.language]).toEqual(['sms', 'fr']);
    expect(inspect(opened)).not.toContain('336');
  });

  it.each([
    ['organisation', { ...reminder, organisationId: id(9) }],
    ['appointment', { ...reminder, appointmentId: id(9) }],
    ['reminder', { ...reminder, reminderId: id(9) }],
  ])('does not open as that of another %s', (_, binding) => {
    const { parcel } = sealed();
    const input = { epochPrivateKey: day.privateKey, binding, sealed: parcel };
    expect(() => openParcel(input)).toThrow(closed);
  });

  it('does not open with the key of another day, nor changed', () => {
    const { parcel } = sealed();
    const input = { epochPrivateKey: pair().privateKey, binding: reminder, sealed: parcel };
    expect(() => openParcel(input)).toThrow(closed);
    for (let index = 0; index < parcel.length; index += 1) {
      const changed = Buffer.from(parcel);
      changed[index] = (changed[index] ?? 0) ^ 1;
      const tried = { ...input, epochPrivateKey: day.privateKey, sealed: changed };
      expect(() => openParcel(tried), `byte ${index}`).toThrow(closed);
    }
  });

  it('is unlike every other under the same key, and opens with the key of its day alone', () => {
    const { linkSecret } = sealed();
    const parcel = { linkSecret, contactPoint: phone, channel: 'sms', language: 'fr' } as const;
    const to = { epochPublicKey: day.publicKey, binding: reminder, parcel };
    const all = Array.from({ length: 50 }, () => sealParcel(to));
    expect(new Set(all.map((one) => one.toString('hex'))).size).toBe(50);
    for (const one of all) {
      const input = { epochPrivateKey: day.privateKey, binding: reminder, sealed: one };
      expect(openParcel(input).contactPoint.reveal()).toBe('+33612345678');
      const stranger = { ...input, epochPrivateKey: pair().privateKey };
      expect(() => openParcel(stranger)).toThrow(closed);
    }
  });

  it('and a note have one length for every contact point, channel and language', () => {
    const contacts = ['+33612345678', '+4915112345678', 'a@b.fr', `${'x'.repeat(242)}@example.org`];
    expect(contacts.at(-1)).toHaveLength(254);
    const linkSecret = newLinkSecret();
    const pairs = contacts.map((text) => {
      const contactPoint = new Secret(text);
      const parcel = { linkSecret, contactPoint, channel: 'email', language: 'nl' } as const;
      const note = { channel: 'email', contactPoint } as const;
      return [
        sealParcel({ epochPublicKey: day.publicKey, binding: reminder, parcel }).length,
        sealNote({ linkPublicKey: day.publicKey, binding: reminder, note }).length,
      ];
    });
    expect(new Set(pairs.map(String))).toEqual(new Set(['616,486']));
  });

  it('is refused for a public key of low order', () => {
    const parcel = {
      linkSecret: newLinkSecret(),
      contactPoint: phone,
      channel: 'sms',
      language: 'fr',
    } as const;
    const input = { epochPublicKey: Buffer.alloc(32), binding: reminder, parcel };
    expect(() => sealParcel(input)).toThrow(refusal('cannot_seal'));
  });
});

describe('a callback', () => {
  const request = new Secret(Buffer.from('MessageSid=SM1&From=%2B33612345678'));

  it('opens for the worker as it came', () => {
    const row = sealCallback({ epochPublicKey: day.publicKey, request });
    const opened = openCallback({ epochPrivateKey: day.privateKey, sealed: row });
    expect(opened.reveal()).toEqual(request.reveal());
    expect(inspect(opened)).toBe('[sealed]');
  });

  it('is not a parcel, and a parcel is no callback', () => {
    const { parcel } = sealed();
    const input = { epochPrivateKey: day.privateKey, sealed: parcel };
    expect(() => openCallback(input)).toThrow(closed);
    const key = { ...input, sealed: parcel.subarray(0, sealedParcelKeyBytes) };
    expect(() => openCallback(key)).toThrow(mismatch);
    const row = sealCallback({ epochPublicKey: day.publicKey, request });
    expect(() => openParcel({ ...input, binding: reminder, sealed: row })).toThrow(mismatch);
  });
});

describe('the length of sealed content', () => {
  it('grows in steps of 512 bytes and tells nothing finer', () => {
    const lengths = [0, 1, 100, 499, 500, 900].map((count) => {
      const { plaintext } = prepareContent({ a: 'x'.repeat(count) });
      return sealContent(newContentKey(), content, plaintext).length;
    });
    expect(lengths).toEqual([606, 606, 606, 606, 606, 1118]);
  });
});
