import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { rootCertificates, setDefaultCACertificates } from 'node:tls';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { Secret } from '../../src/domain/secret.ts';
import { parseBounce, verpAddress } from '../../src/transport/email-bounce.ts';
import { createSmtpTransport } from '../../src/transport/email-smtp.ts';
import { startMailServer } from '../support/debian-mail-server.ts';
import { dkimFields, isDkimSigned } from '../support/dkim-check.ts';
import { outgoingEmail } from '../support/outgoing-email.ts';
import { selfSigned } from '../support/self-signed.ts';
import { startSmtpPeer } from '../support/smtp-peer.ts';
import { waitFor } from '../support/wait-for.ts';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

type Options = Parameters<typeof createSmtpTransport>[0];

function transportTo(url: string, options: Partial<Options> = {}) {
  const transport = createSmtpTransport({
    url: new Secret(url),
    from: 'rappel@sotto.test',
    returnPath: 'bounces@sotto.test',
    timeoutMs: limits.sendTimeoutMs,
    ...{ maxConnections: 2, messagesPerConnection: 100 },
    ...options,
  });
  opened.push(() => transport.close());
  return transport;
}

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly greeting: string;
  readonly raw: Buffer;
}

async function startServer(options: SMTPServerOptions = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          greeting: String(session.hostNameAppearsAs),
          raw: Buffer.concat(chunks),
        });
        done(null);
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  opened.push(() => new Promise<void>((resolve) => server.close(resolve)));
  const { port } = server.server.address() as AddressInfo;
  return { received, port, url: `smtp://127.0.0.1:${port}` };
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const dkim = {
  domain: 'sotto.test',
  selector: 's2026',
  privateKey: new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string),
};

describe('an email as the mail server gets it', () => {
  it('says what it was given, character by character, to one recipient', async () => {
    const { received, url } = await startServer();
    const texts = [
      'Vous avez un rappel : à l’heure.',
      'لديك تذكير بموعد، افتح الرابط',
      'Sie haben eine Erinnerung',
    ];
    const sent = texts.map((text) => {
      const link = `https://r.exemple-rdv.fr/a${randomBytes(50).toString('base64url')}`;
      return outgoingEmail({
        subject: text,
        text: new Secret(`${text}\n.\n..\nFrom here\n${link}\n`),
        html: new Secret(`<p>${text}</p>\n.\n<a href="${link}">${link}</a>`),
      });
    });
    const transport = transportTo(url);
    for (const message of sent) {
      expect(await transport.send(message)).toMatchObject({ kind: 'accepted' });
    }
    for (const [nth, { raw, to, from }] of received.entries()) {
      const message = sent[nth] as (typeof sent)[number];
      const email = await PostalMime.parse(raw);
      expect(email.text?.trimEnd()).toBe(message.text.reveal().trimEnd());
      expect(email.html?.trimEnd()).toBe(message.html.reveal());
      expect(email.subject).toBe(message.subject);
      expect(to).toEqual([message.to.reveal()]);
      expect(email.to).toEqual([{ name: '', address: message.to.reveal() }]);
      expect(email.from).toEqual({ name: '', address: 'rappel@sotto.test' });
      expect(email.messageId).toBe(`<${message.messageKey}@sotto.test>`);
      expect(from).toBe(verpAddress('bounces@sotto.test', message.attemptToken));
      expect(
        Math.max(
          ...raw
            .toString('latin1')
            .split('\r\n')
            .map((line) => line.length),
        ),
      ).toBeLessThan(998);
      expect(raw.every((byte) => byte < 128)).toBe(true);
    }
    expect(received).toHaveLength(3);
  });

  it('stops with one click, answers no machine, and names neither ours nor the program', async () => {
    const { received, url } = await startServer();
    const message = outgoingEmail();
    await transportTo(url).send(message);
    const { raw, greeting } = received[0] as Received;
    const { headers } = await PostalMime.parse(raw);
    const values = Object.fromEntries(headers.map(({ key, value }) => [key, value]));
    expect(values).toMatchObject({
      'list-unsubscribe': `<${message.optOutUrl.reveal()}>`,
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
      'auto-submitted': 'auto-generated',
      'x-auto-response-suppress': 'All',
      date: expect.stringMatching(/\+0000$/),
    });
    expect(headers.map(({ key }) => key).sort()).toEqual([
      'auto-submitted',
      'content-type',
      'date',
      'from',
      'list-unsubscribe',
      'list-unsubscribe-post',
      'message-id',
      'mime-version',
      'subject',
      'to',
      'x-auto-response-suppress',
    ]);
    expect(greeting).toBe('sotto.test');
    const all = raw.toString('latin1').toLowerCase();
    for (const word of [hostname().toLowerCase(), 'nodemailer', '127.0.0.1', '<img']) {
      expect(all).not.toContain(word);
    }
  });

  it('has the same Message-ID and another return path in another attempt', async () => {
    const { received, url } = await startServer();
    const transport = transportTo(url);
    const first = outgoingEmail();
    await transport.send(first);
    await transport.send({ ...first, attemptToken: randomBytes(16).toString('base64url') });
    const ids = await Promise.all(
      received.map(async ({ raw }) => (await PostalMime.parse(raw)).messageId),
    );
    expect(ids[0]).toBe(ids[1]);
    expect(received[0]?.from).not.toBe(received[1]?.from);
  });

  it('is signed so that a receiver can rely on what it says and on its one click', async () => {
    const { received, url } = await startServer();
    await transportTo(url, { dkim }).send(outgoingEmail());
    const { raw } = received[0] as Received;
    expect(isDkimSigned(raw, publicKey)).toBe(true);
    expect(dkimFields(raw)).toEqual(
      expect.arrayContaining([
        'from',
        'to',
        'subject',
        'date',
        'message-id',
        'list-unsubscribe',
        'list-unsubscribe-post',
      ]),
    );
    const text = raw.toString('latin1');
    for (const [word, other] of [
      ['stop/', 'stay/'],
      ['=One-Click', '=Two-Click'],
      ['Vous', 'Nous'],
    ] as const) {
      expect(text).toContain(word);
      expect(isDkimSigned(Buffer.from(text.replace(word, other), 'latin1'), publicKey)).toBe(false);
    }
    const strangers = createPublicKey(
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
    );
    expect(isDkimSigned(raw, strangers)).toBe(false);
  });

  it('is never sent unsigned for a key that cannot sign', () => {
    const { privateKey: edwards } = generateKeyPairSync('ed25519');
    const pem = edwards.export({ type: 'pkcs8', format: 'pem' }) as string;
    for (const key of [pem, 'no key at all', '']) {
      const withKey = { dkim: { ...dkim, privateKey: new Secret(key) } };
      expect(() => transportTo('smtp://127.0.0.1:1', withKey)).toThrow(/^dkim_key_is_not_rsa$/);
    }
  });

  it('asks for a return path with room for a token', () => {
    const returnPath = `${'b'.repeat(38)}@sotto.test`;
    expect(() => transportTo('smtp://127.0.0.1:1', { returnPath })).toThrow(/no room/);
  });
});

describe('a mail server elsewhere', () => {
  const keys = selfSigned();
  const trusted = () => setDefaultCACertificates([...rootCertificates, keys.cert]);
  const strange = () => setDefaultCACertificates([...rootCertificates]);

  const credentials = 'user%40sotto:p%3Aa%2Fss';
  const login: SMTPServerOptions = {
    ...keys,
    authOptional: false,
    disabledCommands: [],
    onAuth({ username, password }, _session, done) {
      if (username === 'user@sotto' && password === 'p:a/ss') done(null, { user: 'user' });
      else done(new Error('no'));
    },
  };

  it.each([
    { scheme: 'smtp', secure: false },
    { scheme: 'smtps', secure: true },
  ])('is signed in to over TLS only ($scheme)', async ({ scheme, secure }) => {
    trusted();
    opened.push(strange);
    const { received, port } = await startServer({ ...login, secure });
    const url = `${scheme}://${credentials}@127.0.0.1:${port}`;
    const outcome = await transportTo(url, { requireTls: true }).send(outgoingEmail());
    expect(outcome).toMatchObject({ kind: 'accepted' });
    expect(received).toHaveLength(1);
  });

  it.each([
    { scheme: 'smtp', secure: false },
    { scheme: 'smtps', secure: true },
  ])('that cannot prove who it is gets nothing ($scheme)', async ({ scheme, secure }) => {
    const { received, port } = await startServer({ ...login, secure });
    const url = `${scheme}://${credentials}@127.0.0.1:${port}`;
    const outcome = await transportTo(url, { requireTls: true }).send(outgoingEmail());
    expect(outcome).toEqual({ kind: 'refused', permanent: false, reason: 'not_connected' });
    expect(received).toEqual([]);
  });

  it('is told nothing in the clear when it offers no TLS', async () => {
    const peer = await startSmtpPeer({ extensions: ['AUTH PLAIN'] });
    opened.push(() => peer.close());
    const url = peer.url.replace('://', `://${credentials}@`);
    const outcome = await transportTo(url, { requireTls: true }).send(outgoingEmail());
    expect(outcome).toMatchObject({ kind: 'refused', permanent: false });
    for (const line of peer.said) expect(line).toMatch(/^(EHLO sotto\.test|STARTTLS|QUIT)$/);
  });

  it.each(['cut', 'reset', 'stall'] as const)(
    'that fails at STARTTLS (%s) has nothing',
    async (does) => {
      const peer = await startSmtpPeer({ extensions: ['AUTH PLAIN'], tls: keys });
      opened.push(() => peer.close());
      for (const answer of [undefined, '220 go on\r\n', '454 4.7.0 not now\r\n']) {
        peer.misbehave =
          answer === undefined ? { at: 'STARTTLS', does } : { at: 'STARTTLS', does, answer };
        const transport = transportTo(peer.url, { requireTls: true, timeoutMs: 300 });
        const outcome = await transport.send(outgoingEmail());
        expect(outcome).toMatchObject({ kind: 'refused', permanent: false });
      }
      expect(peer.handedOver()).toBe(0);
    },
  );

  it('that breaks a TLS connection has the message only if it had asked for it', async () => {
    trusted();
    opened.push(strange);
    const peer = await startSmtpPeer({ tls: keys, secure: true, extensions: ['PIPELINING'] });
    opened.push(() => peer.close());
    for (const does of ['cut', 'reset', 'stall'] as const) {
      peer.misbehave = { at: 'DATA', does };
      const before = await transportTo(peer.url, { timeoutMs: 300 }).send(outgoingEmail());
      expect(before).toMatchObject({ kind: 'refused', permanent: false });
      peer.misbehave = { at: 'dot', does };
      const after = await transportTo(peer.url, { timeoutMs: 300 }).send(outgoingEmail());
      expect(after).toMatchObject({ kind: 'uncertain' });
    }
  });

  it('that knows other credentials, or wants none, is not tried without', async () => {
    trusted();
    opened.push(strange);
    const { port } = await startServer(login);
    const wrong = { kind: 'refused', permanent: false, reason: 'provider_credentials' };
    const options = { requireTls: true };
    const other = transportTo(`smtp://user:other@127.0.0.1:${port}`, options);
    expect(await other.send(outgoingEmail())).toEqual(wrong);
    const none = transportTo(`smtp://127.0.0.1:${port}`, options);
    expect(await none.send(outgoingEmail())).toEqual(wrong);
    const open = await startServer({ disabledCommands: ['AUTH', 'STARTTLS'] });
    const unasked = transportTo(`smtp://user:pass@127.0.0.1:${open.port}`);
    expect(await unasked.send(outgoingEmail())).toEqual(wrong);
  });
});

describe('a stock Exim of Debian', () => {
  it('delivers what it took, and its bounce leads back to the attempt', async ({ skip }) => {
    const server = await startMailServer();
    if ('missing' in server) return skip(server.missing);
    opened.push(() => server.stop());
    const transport = transportTo(server.url, { dkim });
    const known = outgoingEmail();
    const unknown = outgoingEmail({ to: new Secret('no-such-person@sotto.test') });
    const outcomes = [await transport.send(known), await transport.send(unknown)];
    for (const outcome of outcomes) {
      const providerId = expect.stringMatching(/^smtp:[0-9a-f]{16}:[\w-]{16,}$/);
      expect(outcome).toEqual({ kind: 'accepted', providerId });
    }
    await waitFor(() => server.mailbox('alice').length > 0 && server.mailbox('bounces').length > 0);

    const delivered = await PostalMime.parse(server.mailbox('alice')[0] as Buffer);
    expect(delivered.text?.trim()).toBe(known.text.reveal().trim());
    expect(delivered.returnPath).toBe(verpAddress('bounces@sotto.test', known.attemptToken));

    const [bounce] = server.mailbox('bounces');
    expect(await parseBounce(bounce as Buffer)).toEqual({
      token: Buffer.from(unknown.attemptToken, 'base64url'),
      status: 'undelivered',
      code: expect.stringMatching(/^5\.\d\.\d$/),
      reason: expect.any(String),
    });
    // It was asked to return the headers alone, so that no link travels once more.
    expect(bounce?.toString()).not.toContain('Zz0');
  });
});
