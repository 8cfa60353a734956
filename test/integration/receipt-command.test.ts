import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createErasureReceipts } from '../../src/keys/erasure-receipt.ts';
import { createReceipts } from '../../src/keys/receipt.ts';
import { runCommand } from '../support/run-command.ts';

const key = { id: '1', key: new Secret(Buffer.alloc(32, 9)) };
const receipts = createReceipts({ key });
const signErasure = createErasureReceipts(async () => [key]);
const body = {
  start: '2026-12-03T10:30:00+01:00',
  details: { practitioner: 'Canari Mustermann' },
  recipient: { phone: '+33639980001', pin: '482913' },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sotto-receipt-'));
  const answered = {
    id: '0192f5a0-0000-7000-8000-000000000003',
    reference: 'visit-17',
    version: 2,
  };
  const signed = await receipts.sign({
    receiptId: '0192f5a0-0000-7000-8000-000000000001',
    organisationId: '0192f5a0-0000-7000-8000-000000000002',
    mode: 'live',
    reference: answered.reference,
    appointmentId: answered.id,
    version: answered.version,
    body: new Secret(body),
    issuer: 'https://api.example.org',
    issuedAt: new Date('2026-11-30T12:00:00Z'),
  });
  const { pin: _, ...rest } = body.recipient;
  const changed = { ...body, recipient: { ...rest, email: 'canari@example.org' } };
  const erasure = await signErasure({
    iss: 'https://api.example.org',
    iat: Date.parse('2026-12-04T08:00:00Z') / 1_000,
    organisation: '0192f5a0-0000-7000-8000-000000000002',
    ...{ mode: 'live', reference: 'visit-17', appointment: answered.id, by: 'recipient' },
  });
  await Promise.all([
    writeFile(join(folder, 'erasure.txt'), `${erasure}\n`),
    writeFile(join(folder, 'forged.txt'), erasure.replace(/\.[^.]+\./, '.e30.')),
    write('body.json', body),
    write('changed.json', changed),
    write('answer.json', { ...answered, ...signed }),
    write('keys.json', receipts.jwks()),
    writeFile(join(folder, 'broken.json'), '{"pin": 482913'),
  ]);
});
afterAll(() => rm(folder, { recursive: true }));

function write(name: string, value: unknown) {
  return writeFile(join(folder, name), JSON.stringify(value));
}

function sotto(...words: string[]) {
  return runCommand(['receipt', ...words], { env: { API_URL: 'http://127.0.0.1:9' }, cwd: folder });
}

const files = ['--answer', 'answer.json', '--jwks', 'keys.json'];

describe('sotto receipt verify', () => {
  it('says, without a network, that the receipt is for what was sent', async () => {
    const answer = await sotto('verify', '--body', 'body.json', ...files);
    expect(answer).toMatchObject({ code: 0, errors: '' });
    expect(answer.out).toBe(
      [
        'The signature is ours. It says: visit-17, version 2, live, accepted 2026-11-30T12:00:00.000Z.',
        'Fields: the same 4.',
        'Values: the same.',
        'This is what is stored.\n',
      ].join('\n'),
    );
  });

  it('names what was dropped and added, never a value, and exits with 1', async () => {
    const words = await sotto('verify', '--body', 'changed.json', ...files);
    const json = await sotto('verify', '--body', 'changed.json', ...files, '--json');
    expect(words.out).toContain('Sent, and not in the receipt: /recipient/email\n');
    expect(words.out).toContain('In the receipt, and not in the body: /recipient/pin\n');
    expect(JSON.parse(json.out)).toMatchObject({
      ...{ matches: false, signature: 'valid', valuesMatch: false },
      ...{ notNamed: ['/recipient/email'], notSent: ['/recipient/pin'] },
    });
    for (const { code, out, errors } of [words, json]) {
      expect({ code, errors }).toEqual({ code: 1, errors: '' });
      expect(out).not.toMatch(/Mustermann|canari@|482913|33639980001/);
    }
  });

  it('quotes nothing of a file that it cannot use, and says where keys could come from', async () => {
    const broken = await sotto('verify', '--body', 'broken.json', ...files);
    expect(broken).toMatchObject({ code: 1, out: '' });
    expect(broken.errors).toContain('The file of --body is no JSON.');
    expect(broken.errors).not.toContain('482913');
    const away = await sotto('verify', '--body', 'body.json', '--answer', 'answer.json');
    expect(away).toMatchObject({ code: 1, out: '' });
    expect(away.errors).toContain('--jwks FILE');
    expect(await sotto('verify')).toMatchObject({ code: 2, out: '' });
  });

  it('reads the receipt of an erasure, and believes no other text', async () => {
    const keys = ['--jwks', 'keys.json'];
    expect(await sotto('verify', '--erasure', 'erasure.txt', ...keys)).toMatchObject({
      code: 0,
      out: 'The signature is ours. It says: visit-17, live, was erased by 2026-12-04T08:00:00.000Z, at the wish of the recipient.\n',
    });
    for (const [file, words] of [
      ['forged.txt', 'The signature does not fit'],
      ['body.json', 'There is no receipt'],
    ] as const) {
      const answer = await sotto('verify', '--erasure', file, ...keys);
      expect(answer.code).toBe(1);
      expect(answer.out).toContain(words);
    }
  });
});
