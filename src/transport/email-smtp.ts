import assert from 'node:assert/strict';
import { Secret } from '../domain/secret.ts';
import { createComposer, type DkimSettings } from './email-smtp-message.ts';
import { outcomeOf } from './email-smtp-outcome.ts';
import { createSessionPool } from './email-smtp-pool.ts';
import { openSession, type SessionSettings } from './email-smtp-session.ts';
import { verpAddress, verpToken } from './email-verp.ts';
import type { OutgoingEmail, SendOutcome, SendReason, Transport } from './transport.ts';

/**
 * Sends emails through a mail server.
 *
 * All come from one address, for all organisations; bounces go to a return path of each attempt's
 * own. TLS is required, and the server's certificate checked, unless the server is this machine.
 *
 * @param options.url `smtp://` or `smtps://`, with user and password where the server wants them
 * @param options.returnPath takes the bounces, at `name+token@domain`; without it, `from` does
 * @param options.timeoutMs for a whole hand-off, the wait for a connection included
 * @param options.requireTls decides it otherwise than by the host
 * @throws when the DKIM key is no RSA key, or the return path has no room for a token
 * @see RFC 5321
 */
export function createSmtpTransport(options: {
  url: Secret<string>;
  from: string;
  returnPath?: string | undefined;
  dkim?: DkimSettings | undefined;
  timeoutMs: number;
  maxConnections: number;
  messagesPerConnection: number;
  requireTls?: boolean | undefined;
}): Transport<OutgoingEmail> {
  const returnPath = options.returnPath ?? options.from;
  const anyToken = Buffer.alloc(16).toString('base64url');
  assert(verpAddress(returnPath, anyToken) !== undefined, 'no room for a token in the return path');
  const settings = sessionSettings(options);
  const compose = createComposer(options);
  const pool = createSessionPool<SendOutcome>({
    async open(signal) {
      const opened = await openSession(settings, signal);
      return 'handOver' in opened
        ? opened
        : outcomeOf(opened, { attemptToken: '', isReused: false });
    },
    sessionsMax: options.maxConnections,
    messagesPerSession: options.messagesPerConnection,
  });
  const underWay = new Set<AbortController>();
  let isClosed = false;

  async function handOver(message: OutgoingEmail, signal: AbortSignal): Promise<SendOutcome> {
    const { attemptToken } = message;
    const to = message.to.reveal();
    if (!plainAddress.test(to)) return refused('invalid_recipient', true);
    const from = verpAddress(returnPath, attemptToken);
    const id = verpToken(attemptToken);
    if (!from || !id) return refused('sender_misconfigured');
    // Before a connection is taken: none waits for us.
    const composed = await compose(message);
    const outcome = await pool.with(signal, async (session, isReused) => {
      const result = await session.handOver({ from, to, id }, composed, signal);
      return {
        result: outcomeOf(result, { attemptToken, isReused }),
        again: result.kind === 'taken',
      };
    });
    return outcome ?? refused('not_connected');
  }

  return {
    name: 'smtp',
    // A mail server keeps no list. A bounce proves that it took a message, and receivers drop a second
    // copy by its Message-ID, which is the same for every attempt.
    idempotency: { kind: 'none' },
    async send(message) {
      if (isClosed) return refused('not_connected');
      const controller = new AbortController();
      const deadline = setTimeout(() => controller.abort('timeout'), options.timeoutMs);
      underWay.add(controller);
      try {
        return await handOver(message, controller.signal);
      } catch {
        // What talks to the server does not throw: it had not been asked yet.
        return refused('sender_misconfigured');
      } finally {
        clearTimeout(deadline);
        underWay.delete(controller);
      }
    },
    async close() {
      isClosed = true;
      for (const controller of underWay) controller.abort('closed');
      pool.close();
    },
  };
}

/** ASCII, and nothing that would end a command or a header. */
const plainAddress = /^[\x21-\x3b\x3d\x3f-\x7e]{1,64}@[A-Za-z0-9.-]{1,255}$/;

/** For what is ours or passes, unless permanent. */
function refused(reason: SendReason, permanent = false): SendOutcome {
  return { kind: 'refused', permanent, reason };
}

export function sessionSettings(options: {
  url: Secret<string>;
  from: string;
  timeoutMs: number;
  requireTls?: boolean | undefined;
}): SessionSettings {
  const url = new URL(options.url.reveal());
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isThisMachine = /^(localhost|127(\.\d+){3}|::1)$/.test(host);
  const secure = url.protocol === 'smtps:';
  const requireTls = options.requireTls ?? !isThisMachine;
  return {
    // In the clear, no name server is asked which machine this is.
    host: host === 'localhost' && !secure && !requireTls ? '127.0.0.1' : host,
    port: url.port === '' ? undefined : Number(url.port),
    secure,
    requireTls,
    auth: url.username
      ? {
          user: decodeURIComponent(url.username),
          password: new Secret(decodeURIComponent(url.password)),
        }
      : undefined,
    name: options.from.slice(options.from.lastIndexOf('@') + 1),
    timeoutMs: options.timeoutMs,
  };
}
