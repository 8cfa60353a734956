import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createSmtpTransport } from '../../src/transport/email-smtp.ts';
import { outgoingEmail } from '../support/outgoing-email.ts';
import {
  type Misbehaviour,
  type SmtpPeer,
  type SmtpPeerSettings,
  startSmtpPeer,
} from '../support/smtp-peer.ts';
import { waitFor } from '../support/wait-for.ts';

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function startPeer(settings?: SmtpPeerSettings): Promise<SmtpPeer> {
  const peer = await startSmtpPeer(settings);
  opened.push(() => peer.close());
  return peer;
}

function transportTo(
  url: string,
  options: Partial<Parameters<typeof createSmtpTransport>[0]> = {},
) {
  const transport = createSmtpTransport({
    url: new Secret(url),
    from: 'rappel@sotto.test',
    returnPath: 'bounces@sotto.test',
    timeoutMs: limits.sendTimeoutMs,
    ...{ maxConnections: 3, messagesPerConnection: 100 },
    ...options,
  });
  opened.push(() => transport.close());
  return transport;
}

const signedIn = (peer: SmtpPeer) => peer.url.replace('://', '://user:pa%3Ass@');
/** One packet for the envelope and DATA, or one for each. */
const ways = [
  { name: 'one command at a time', extensions: ['AUTH PLAIN'] },
  { name: 'pipelined', extensions: ['AUTH PLAIN', 'PIPELINING', 'DSN', '8BITMIME'] },
];

const silences: Omit<Misbehaviour, 'at'>[] = [
  { does: 'cut' },
  { does: 'reset' },
  { does: 'stall' },
  { does: 'cut', answer: '2' },
  { does: 'cut', answer: '250-not the last line\r\n' },
  { does: 'cut', answer: '35' },
  { does: 'cut', answer: '354' },
  { does: 'cut', answer: '55' },
  { does: 'cut', answer: '550 5.1.1 no such us' },
  { does: 'cut', answer: '550-5.1.1 no such us\r\n' },
];

/**
 * Only where nothing comes is it waited for, and may be again: elsewhere, a machine that stands still for a
 * moment is no silence.
 */
const msFor = ({ does }: Pick<Misbehaviour, 'does'>) =>
  does === 'stall' ? 500 : limits.sendTimeoutMs;

describe.each(ways)('a message that the server never asked for ($name)', ({ extensions }) => {
  const moments = ['banner', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA'] as const;
  const cases = moments.flatMap((at) => silences.map((silence) => ({ at, ...silence })));

  it.each(cases)(
    'was certainly not sent: $at, $does $answer',
    { retry: 2 },
    async (misbehaviour) => {
      const peer = await startPeer({ extensions });
      peer.misbehave = misbehaviour;
      const transport = transportTo(signedIn(peer), { timeoutMs: msFor(misbehaviour) });
      const outcome = await transport.send(outgoingEmail());
      expect(outcome).toMatchObject({ kind: 'refused', permanent: false });
      expect(peer.handedOver()).toBe(0);
      // Nothing is written later either.
      await transport.close();
      await waitFor(() => peer.connections().open === 0);
      expect(peer.handedOver()).toBe(0);
      expect(peer.connections().opened).toBe(1);
    },
  );
});

describe.each(ways)('a message that the server asked for ($name)', ({ extensions }) => {
  const cases = (['body', 'dot'] as const).flatMap((at) =>
    silences.flatMap((silence) => [
      { at, takes: false, ...silence },
      { at, takes: true, ...silence },
    ]),
  );

  it.each(cases)(
    'may have been sent: $at, $does $answer, $takes',
    { retry: 2 },
    async (misbehaviour) => {
      const peer = await startPeer({ extensions });
      peer.misbehave = misbehaviour;
      const outcome = await transportTo(peer.url, { timeoutMs: msFor(misbehaviour) }).send(
        outgoingEmail(),
      );
      expect(outcome).toMatchObject({ kind: 'uncertain' });
      expect(peer.handedOver()).toBeLessThanOrEqual(1);
      expect(peer.connections().opened).toBe(1);
    },
  );

  it('may have been sent when the connection breaks right after 354', async () => {
    const peer = await startPeer({ extensions });
    peer.misbehave = { at: 'DATA', does: 'cut', answer: '354 go on\r\n' };
    const outcome = await transportTo(peer.url).send(outgoingEmail());
    expect(outcome).toMatchObject({ kind: 'uncertain', reason: 'connection_lost' });
  });

  it.each(['2banana\r\n', '299\u0000\r\n', '354 again\r\n', 'welcome\r\n', '999 no\r\n'])(
    'is neither accepted nor refused by %j',
    async (answer) => {
      const peer = await startPeer({ extensions });
      peer.misbehave = { at: 'dot', does: 'answer', answer, takes: true };
      const outcome = await transportTo(peer.url).send(outgoingEmail());
      expect(outcome).toEqual({ kind: 'uncertain', reason: 'unclear_answer' });
    },
  );
});

describe('what a reply means', () => {
  const replies: [Misbehaviour['at'], string, boolean, string][] = [
    ['banner', '554 5.7.1 go away', false, 'provider_down'],
    ['banner', '421 4.7.0 too fast', false, 'rate_limited'],
    ['banner', 'HTTP/1.1 400 Bad Request', false, 'unclear_answer'],
    ['EHLO', '421 4.3.2 closing', false, 'provider_down'],
    ['AUTH', '535 5.7.8 no', false, 'provider_credentials'],
    ['AUTH', '500 what', false, 'provider_credentials'],
    ['AUTH', '454 4.7.0 not now', false, 'provider_down'],
    ['MAIL', '550 5.1.8 who', false, 'sender_misconfigured'],
    ['MAIL', '553 not yours', false, 'sender_misconfigured'],
    ['MAIL', '530 5.7.0 sign in', false, 'provider_credentials'],
    ['MAIL', '452 4.3.1 full', false, 'provider_down'],
    ['MAIL', '450 4.1.8 who', false, 'provider_down'],
    ['RCPT', '550 5.1.1 unknown', true, 'invalid_recipient'],
    ['RCPT', '550-5.1.1 unknown\r\n550 5.1.1 really', true, 'invalid_recipient'],
    ['RCPT', '550 unknown', true, 'invalid_recipient'],
    ['RCPT', '553 5.1.3 syntax', true, 'invalid_recipient'],
    ['RCPT', '551 elsewhere', true, 'invalid_recipient'],
    ['RCPT', '556 5.1.10 null MX', true, 'invalid_recipient'],
    ['RCPT', '552 5.2.2 full', true, 'unreachable_recipient'],
    ['RCPT', '550 5.7.1 policy', true, 'blocked_by_carrier'],
    ['RCPT', '554 5.7.1 <a@b>: Relay access denied', false, 'sender_misconfigured'],
    ['RCPT', '550 relay not permitted', false, 'sender_misconfigured'],
    ['RCPT', '550 5.7.57 not authenticated', false, 'provider_credentials'],
    ['RCPT', '450 4.2.0 greylisted', false, 'unreachable_recipient'],
    ['RCPT', '451 4.7.1 greylisted', false, 'rate_limited'],
    ['RCPT', '421 4.4.2 timed out', false, 'provider_down'],
    ['RCPT', '599 5.9.9 new', true, 'provider_refused'],
    ['RCPT', '999 no', false, 'unclear_answer'],
    ['DATA', '554 5.5.1 no valid recipients', false, 'sender_misconfigured'],
    ['DATA', '451 4.3.0 later', false, 'provider_down'],
    ['DATA', '250 thanks', false, 'unclear_answer'],
    ['dot', '550 5.7.1 spam', true, 'blocked_by_carrier'],
    ['dot', '550 looks like spam', true, 'blocked_by_carrier'],
    ['dot', '554 rejected', true, 'blocked_by_carrier'],
    ['dot', '550 5.7.26 no SPF, no DKIM', false, 'sender_misconfigured'],
    ['dot', '552 5.2.2 full', true, 'unreachable_recipient'],
    ['dot', '452 4.3.1 no space', false, 'provider_down'],
    ['dot', '421 4.3.0 closing', false, 'provider_down'],
  ];
  const cases = ways.flatMap(({ name, extensions }) =>
    replies.map(([at, reply, permanent, reason]) => ({
      name,
      extensions,
      at,
      reply,
      permanent,
      reason,
    })),
  );

  it.each(cases)('$at: $reply ($name)', async ({ extensions, at, reply, permanent, reason }) => {
    const peer = await startPeer({ extensions });
    peer.misbehave = { at, does: 'answer', answer: `${reply}\r\n` };
    const outcome = await transportTo(signedIn(peer)).send(outgoingEmail());
    expect(outcome).toEqual({ kind: 'refused', permanent, reason });
    expect(peer.taken).toEqual([]);
  });

  it('is known even when the server asks for the message of a recipient that it refused', async () => {
    const peer = await startPeer({ extensions: ['PIPELINING'], asksAnyway: true });
    peer.misbehave = { at: 'RCPT', does: 'answer', answer: '550 5.1.1 unknown\r\n' };
    const outcome = await transportTo(peer.url).send(outgoingEmail());
    expect(outcome).toEqual({ kind: 'refused', permanent: true, reason: 'invalid_recipient' });
    expect(peer.handedOver()).toBe(0);
  });

  it('names what was accepted by the queue id and a part that no other attempt has', async () => {
    const peer = await startPeer();
    const transport = transportTo(peer.url);
    peer.misbehave = { at: 'dot', does: 'answer', answer: '250 queued as 4XYZ1AB\r\n' };
    const outcomes = [
      await transport.send(outgoingEmail()),
      await transport.send(outgoingEmail()),
    ].map((outcome) => (outcome.kind === 'accepted' ? outcome.providerId : outcome.kind));
    expect(outcomes[0]).toMatch(/^smtp:[0-9a-f]{16}:4XYZ1AB$/);
    expect(outcomes[1]).toMatch(/^smtp:[0-9a-f]{16}:4XYZ1AB$/);
    expect(outcomes[0]).not.toBe(outcomes[1]);
  });

  it.each(['250 ok for alice@sotto.test', '250 queued as alice@sotto.test', '250 id=alice-martin'])(
    'takes nobody’s name out of %j',
    async (answer) => {
      const peer = await startPeer();
      peer.misbehave = { at: 'dot', does: 'answer', answer: `${answer}\r\n` };
      expect(await transportTo(peer.url).send(outgoingEmail())).toEqual({
        kind: 'accepted',
        providerId: expect.stringMatching(/^smtp:[0-9a-f]{16}$/),
      });
    },
  );
});

describe('one send', () => {
  it('hands over at most once, and tells of it what the server’s ledger says', async () => {
    const peers = await Promise.all(ways.map(({ extensions }) => startPeer({ extensions })));
    const anyAnswer = fc.constantFrom(
      '250 ok\r\n',
      '354 go on\r\n',
      '354 go on\r\n250 ok\r\n',
      '421 4.3.2 bye\r\n',
      '450 later\r\n',
      '550 5.1.1 no\r\n',
      '550 no',
      '25',
      '\r\n',
      'junk\r\n',
      '250 ok\r\n250 ok\r\n',
    );
    const anyMisbehaviour = fc.record(
      {
        at: fc.constantFrom('banner', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'body', 'dot'),
        does: fc.constantFrom('answer', 'cut', 'reset', 'stall'),
        answer: anyAnswer,
        takes: fc.boolean(),
      },
      { requiredKeys: ['at', 'does'] },
    ) as fc.Arbitrary<Misbehaviour>;
    await fc.assert(
      fc.asyncProperty(fc.nat(peers.length - 1), anyMisbehaviour, async (way, misbehaviour) => {
        const peer = peers[way] as SmtpPeer;
        const before = { handedOver: peer.handedOver(), taken: peer.taken.length };
        peer.misbehave = misbehaviour;
        const transport = transportTo(signedIn(peer), { timeoutMs: 120 });
        const outcome = await transport.send(outgoingEmail());
        await transport.close();
        // A message that is cut off from its answer may still be on its way into the ledger.
        await waitFor(() => peer.connections().open === 0, 20_000, 1);
        const taken = peer.taken.length - before.taken;
        expect(peer.handedOver() - before.handedOver).toBeLessThanOrEqual(1);
        // A server is believed: one that says 550 and delivers, one that says 250 and does not.
        const says = misbehaviour.answer ?? '';
        if (outcome.kind === 'refused' && !/^[45]/.test(says)) expect(taken).toBe(0);
        if (outcome.kind === 'accepted' && !says.includes('250')) expect(taken).toBe(1);
      }),
      { numRuns: 120 },
    );
  });

  it('takes no longer than it may, waiting for a connection included', async () => {
    const peer = await startPeer();
    peer.misbehave = { at: 'RCPT', does: 'stall' };
    const transport = transportTo(peer.url, { timeoutMs: 1_000, maxConnections: 1 });
    const start = performance.now();
    const endedMs: number[] = [];
    const sends = [1, 2, 3].map(async () => {
      const outcome = await transport.send(outgoingEmail());
      endedMs.push(performance.now());
      return outcome;
    });
    for (const outcome of await Promise.all(sends)) {
      expect(outcome).toMatchObject({ kind: 'refused', permanent: false });
    }
    // At one moment, however late a busy machine notices it: one after the other, each would take a second more.
    expect(Math.max(...endedMs) - Math.min(...endedMs)).toBeLessThan(900);
    expect(Math.min(...endedMs) - start).toBeLessThan(10_000);
    peer.misbehave = undefined;
    const patient = transportTo(peer.url, { maxConnections: 1 });
    expect(await patient.send(outgoingEmail())).toMatchObject({ kind: 'accepted' });
  });

  it('is refused and tried again where nobody listens, or where a name leads nowhere', async () => {
    const peer = await startSmtpPeer();
    await peer.close();
    for (const url of [peer.url, 'smtp://no-such-host.invalid:25']) {
      expect(await transportTo(url).send(outgoingEmail())).toEqual({
        kind: 'refused',
        permanent: false,
        reason: 'not_connected',
      });
    }
  });

  it.each(['a@b\r\nRCPT TO:<c@d.fr>', '<a@b.fr>', 'a b@c.fr', 'jürgen@b.de', 'a@bücher.de', ''])(
    'writes no command that an address like %j would change',
    async (to) => {
      const peer = await startPeer();
      const message = outgoingEmail({ to: new Secret(to) });
      const outcome = await transportTo(peer.url).send(message);
      expect(outcome).toEqual({ kind: 'refused', permanent: true, reason: 'invalid_recipient' });
      expect(peer.said).toEqual([]);
    },
  );
});

describe('connections', () => {
  it('are shared by many messages, never more than allowed, each message once', async () => {
    const peer = await startPeer({ extensions: ['PIPELINING'] });
    const transport = transportTo(peer.url, { maxConnections: 3, timeoutMs: 10_000 });
    const messages = Array.from({ length: 60 }, (_, nth) =>
      outgoingEmail({ to: new Secret(`person-${nth}@sotto.test`) }),
    );
    const outcomes = await Promise.all(messages.map((message) => transport.send(message)));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['accepted']));
    expect(peer.taken.map(({ to }) => to).sort()).toEqual(
      messages.map(({ to }) => to.reveal()).sort(),
    );
    expect(peer.connections()).toMatchObject({ opened: 3, openMax: 3 });
  });

  it('are closed when idle for some seconds, politely', async () => {
    const peer = await startPeer();
    await transportTo(peer.url).send(outgoingEmail());
    expect(peer.connections().open).toBe(1);
    await waitFor(() => peer.connections().open === 0);
    expect(peer.said.at(-1)).toBe('QUIT');
  });

  it('that the server left while they were idle are not used', async () => {
    const peer = await startPeer();
    const transport = transportTo(peer.url);
    await transport.send(outgoingEmail());
    peer.cutAll();
    await waitFor(() => peer.connections().open === 0);
    expect(await transport.send(outgoingEmail())).toMatchObject({ kind: 'accepted' });
    expect(peer.connections().opened).toBe(2);
    expect(peer.taken).toHaveLength(2);
  });

  it('that turn out dead cost a reminder nothing but a short wait', async () => {
    const peer = await startPeer();
    const transport = transportTo(peer.url);
    await transport.send(outgoingEmail());
    peer.misbehave = { at: 'MAIL', does: 'reset' };
    expect(await transport.send(outgoingEmail())).toEqual({
      kind: 'refused',
      permanent: false,
      reason: 'not_connected',
      retryAfterMs: 0,
    });
  });

  it('serve as many messages as they may and no more', async () => {
    const peer = await startPeer({ extensions: ['PIPELINING'] });
    const options = { maxConnections: 1, messagesPerConnection: 5, timeoutMs: 15_000 };
    const transport = transportTo(peer.url, options);
    await Promise.all(Array.from({ length: 11 }, () => transport.send(outgoingEmail())));
    expect(peer.taken).toHaveLength(11);
    // One is left before another is opened.
    const comings = peer.said
      .filter((line) => /^(EHLO|QUIT)/.test(line))
      .map((line) => line.slice(0, 4));
    expect(comings).toEqual(['EHLO', 'QUIT', 'EHLO', 'QUIT', 'EHLO']);
  });

  it('end with the transport, and what was under way is told as far as it is known', async () => {
    const peer = await startPeer();
    const transport = transportTo(peer.url, { timeoutMs: 20_000, maxConnections: 2 });
    peer.misbehave = { at: 'dot', does: 'stall', takes: true };
    const asked = transport.send(outgoingEmail());
    await waitFor(() => peer.handedOver() === 1, 20_000, 5);
    peer.misbehave = { at: 'RCPT', does: 'stall' };
    const notAsked = [1, 2].map(() => transport.send(outgoingEmail()));
    await waitFor(
      () => peer.said.filter((line) => line.startsWith('RCPT')).length === 2,
      20_000,
      5,
    );
    await transport.close();
    expect(await asked).toEqual({ kind: 'uncertain', reason: 'connection_lost' });
    for (const outcome of await Promise.all(notAsked)) {
      expect(outcome).toMatchObject({ kind: 'refused', permanent: false });
    }
    expect(await transport.send(outgoingEmail())).toMatchObject({ kind: 'refused' });
    await waitFor(() => peer.connections().open === 0);
    expect(peer.taken).toHaveLength(1);
  });
});
