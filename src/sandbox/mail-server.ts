import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { AcceptedMail } from './accepted.ts';
import type { EmailFaults, FaultControl } from './faults.ts';
import { mailFateOf, noSuchMailbox } from './magic-addresses.ts';
import type { MessageStore } from './message-store.ts';
import { type ReadMail, type Refusal, readMail } from './read-mail.ts';

const messageBytesMax = 1024 * 1024;

/** A mail on its way in: what it meets, and who it is for. */
interface Transaction {
  readonly mode: EmailFaults['mode'];
  recipient: string | undefined;
  /** A second recipient was named: then nobody gets it. */
  crowded: boolean;
}

type Answer = (error?: Error | null) => void;

/** Answers that a mode gives at a verb, instead of that verb's own. */
const refusedAt: Record<
  'mail' | 'rcpt' | 'message',
  Partial<Record<EmailFaults['mode'], Refusal>>
> = {
  mail: {
    '429': { code: 450, words: '4.7.1 Too many messages, try again later' },
    '421': { code: 421, words: '4.3.2 Closing, try again later' },
    'reject-mail': { code: 550, words: '5.7.1 Sender refused' },
  },
  rcpt: {
    'reject-rcpt': { code: 550, words: '5.1.1 No such mailbox here' },
    'reject-rcpt-later': { code: 450, words: '4.2.1 Mailbox busy, try again later' },
  },
  message: {
    '500': { code: 554, words: '5.3.0 Transaction failed' },
    'reject-message': { code: 550, words: '5.7.1 Message refused' },
    'reject-message-later': { code: 451, words: '4.3.0 Not now, try again later' },
  },
};

/**
 * The mail server of the sandbox: takes one mail for one recipient at a time, refuses what careful
 * receivers refuse, and misbehaves at each verb on demand.
 *
 * @param deps.follow told of every mail accepted, to send back what comes back
 * @see RFC 5321, 4.3.2: what may be answered at each verb
 */
export async function startMailServer(deps: {
  port: number;
  host: string;
  store: MessageStore;
  faults: FaultControl;
  follow: (mail: AcceptedMail) => void;
}): Promise<{ port: number; close(): Promise<void> }> {
  const { store, faults } = deps;
  const sockets = new Map<string, Socket>();
  const transactions = new WeakMap<SMTPServerSession, Transaction>();
  const socketOf = (session: SMTPServerSession) =>
    sockets.get(peer(session.remoteAddress, session.remotePort));
  const cut = (session: SMTPServerSession) => socketOf(session)?.resetAndDestroy();

  const server = new SMTPServer({
    name: 'mx.sandbox.invalid',
    banner: 'Sotto sandbox',
    size: messageBytesMax,
    rejectOversized: true,
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    socketTimeout: 120_000,
    closeTimeout: 100,
    onAuth: (auth, _session, answer) => answer(null, { user: auth.username ?? 'anyone' }),

    onConnect(_session, answer) {
      if (!faults.nextConnectionRefused()) return answer();
      answer(refusal({ code: 554, words: '5.3.2 No mail taken here' }));
    },

    onMailFrom(_address, session, answer) {
      const mode = faults.nextMailMode();
      transactions.set(session, { mode, recipient: undefined, crowded: false });
      const refused = refusedAt.mail[mode];
      answer(refused && refusal(refused));
      if (mode === '421') socketOf(session)?.end();
    },

    onRcptTo({ address }, session, answer) {
      const transaction = transactions.get(session);
      if (!transaction) return answer(refusal({ code: 503, words: '5.5.1 MAIL first' }));
      if (transaction.recipient !== undefined) {
        transaction.crowded = true;
        return answer(refusal({ code: 554, words: '5.5.3 One recipient a message' }));
      }
      const fate = mailFateOf(address);
      const refused = fate?.kind === 'refused' ? fate : refusedAt.rcpt[transaction.mode];
      if (!refused) transaction.recipient = address;
      answer(refused && refusal(refused));
    },

    onData(stream, session, answer) {
      const mode = transactions.get(session)?.mode ?? 'ok';
      // 354 is written after this returns, unless there is nothing left to write it to.
      if (mode === 'reset' || mode === 'cut-before-354') return void cut(session);
      if (mode === 'cut-after-354') setImmediate(cut, session);
      void receive(stream, session, answer);
    },
  });
  // A connection that a fault cut, or that the client dropped, is no concern of the server's.
  server.on('error', () => {});
  server.server.on('connection', (socket) => {
    const name = peer(socket.remoteAddress, socket.remotePort);
    sockets.set(name, socket);
    socket.once('close', () => sockets.delete(name));
  });
  refuseBeforeMessage(server, (session) => transactions.get(session));

  async function receive(
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
    answer: Answer,
  ): Promise<void> {
    const raw = await wholeOf(stream);
    const transaction = transactions.get(session);
    if (!raw || !transaction?.recipient) return answer(refusal(refusedAsTooBig));
    const refused = refusedAt.message[transaction.mode];
    if (refused) return answer(refusal(refused));
    const mail = await readMail(raw);
    if ('code' in mail) return answer(refusal(mail));
    accept(mail, transaction.recipient, session, transaction.mode);
    if (transaction.mode === 'timeout-after-accept') return;
    if (transaction.mode === 'cut-after-accept') return void cut(session);
    answer();
  }

  function accept(
    mail: ReadMail,
    to: string,
    session: SMTPServerSession,
    mode: EmailFaults['mode'],
  ): void {
    const fate = mailFateOf(to) ?? (mode === 'bounce' ? bounceOfMode : undefined);
    const returnPath = session.envelope.mailFrom ? session.envelope.mailFrom.address : '';
    // RFC 5321, 6.1: what has no return path has no bounce, so that bounces do not bounce.
    const bounces = fate?.kind === 'bounced' && returnPath !== '';
    deps.follow(
      store.acceptMail({
        ...mail,
        to,
        returnPath,
        bounce: bounces ? { ...fate.bounce, state: 'owed' } : null,
      }),
    );
  }

  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(deps.port, deps.host, () => {
      server.server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets.values()) socket.destroy();
      await closed;
    },
  };
}

const bounceOfMode = { kind: 'bounced', bounce: noSuchMailbox } as const;
const refusedAsTooBig: Refusal = { code: 552, words: '5.3.4 More than 1 MiB' };

/** The server offers 354 as soon as there is a recipient; a refusal of DATA has to come before. */
function refuseBeforeMessage(
  server: SMTPServer,
  transactionOf: (session: SMTPServerSession) => Transaction | undefined,
): void {
  server.on('connect', ({ id }) => {
    const connection = [...server.connections].find((one) => one.id === id);
    if (!connection) return;
    const proceed = connection.handler_DATA.bind(connection);
    connection.handler_DATA = (command, done) => {
      const transaction = transactionOf(connection.session);
      const refused = transaction?.crowded || transaction?.mode === 'reject-data';
      if (!refused || connection.session.envelope.rcptTo.length === 0)
        return proceed(command, done);
      connection.send(554, transaction.crowded ? '5.5.3 One recipient a message' : '5.7.0 Refused');
      done();
    };
  });
}

/** @returns undefined when it is longer than may be; the rest is read and let go */
async function wholeOf(stream: SMTPServerDataStream): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) {
      if (stream.sizeExceeded) chunks.length = 0;
      else chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return stream.sizeExceeded ? undefined : Buffer.concat(chunks);
}

function refusal({ code, words }: Refusal): Error {
  return Object.assign(new Error(words), { responseCode: code });
}

function peer(address: string | undefined, port: number | undefined): string {
  return `${address?.replace(/^::ffff:/, '')} ${port}`;
}
