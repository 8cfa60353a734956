import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Secret } from '../domain/secret.ts';
import type { SmtpStep } from './email-smtp-replies.ts';

/** How a conversation went, as far as the message is concerned. */
export type HandOver =
  /** The server has answered the final dot with a reply of two hundred and something. */
  | { readonly kind: 'taken'; readonly reply: string }
  /** It refused, in a whole reply. */
  | { readonly kind: 'answered'; readonly step: SmtpStep; readonly reply: string }
  /**
   * No whole reply, or none that can be understood. `begun` is false only when it is certain that no
   * byte of the message has left this process; then nobody can have it.
   */
  | { readonly kind: 'silent'; readonly begun: boolean; readonly reason: Silence };

/** A conversation that ended before the message was taken. */
export type NotTaken = Exclude<HandOver, { kind: 'taken' }>;

export type Silence = 'not_connected' | 'timeout' | 'connection_lost' | 'unclear_answer';

export interface SessionSettings {
  readonly host: string;
  readonly port: number | undefined;
  /** TLS from the first byte. */
  readonly secure: boolean;
  /** Nothing but STARTTLS is said in the clear. */
  readonly requireTls: boolean;
  readonly auth: { readonly user: string; readonly password: Secret<string> } | undefined;
  /** What we call ourselves. */
  readonly name: string;
  readonly timeoutMs: number;
}

export interface Envelope {
  readonly from: string;
  readonly to: string;
  readonly id: string;
}

/** One connection, signed in. */
export interface SmtpSession {
  /** False as soon as it is known that the server has left. */
  isOpen(): boolean;
  /** Hands one message over, once. It never rejects. */
  handOver(envelope: Envelope, message: Buffer, signal: AbortSignal): Promise<HandOver>;
  /** Says goodbye, and leaves whether it is answered or not. Resolves when it has left. */
  quit(): Promise<void>;
  close(): void;
}

interface SmtpError extends Error {
  readonly code?: unknown;
  readonly command?: unknown;
  readonly response?: unknown;
}

const quitMs = 1_000;
const silenceMaxMs = 120_000;
/** Replies have a few lines; something that sends more than this is no mail server. */
const replyBytesMax = 64 * 1024;

/**
 * Connects, proves who the server is, signs in.
 *
 * @param signal when it aborts, the connection is closed at once and with nothing more written
 * @returns a session, or how far it came
 */
export function openSession(
  settings: SessionSettings,
  signal: AbortSignal,
): Promise<SmtpSession | NotTaken> {
  const connection = new SMTPConnection({
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    requireTLS: settings.requireTls && !settings.secure,
    ignoreTLS: !settings.requireTls,
    name: settings.name,
    connectionTimeout: settings.timeoutMs,
    greetingTimeout: settings.timeoutMs,
    dnsTimeout: settings.timeoutMs,
    // Each send has a deadline of its own, and what is idle is left long before this.
    socketTimeout: silenceMaxMs,
    // What is closed is closed: nothing is left to be flushed behind our back.
    socketCloseTimeout: 0,
    maxResponseSize: replyBytesMax,
    logger: false,
  });
  // An 'error' that nobody listens to would end the process; each step has a listener of its own.
  connection.on('error', () => {});
  return new Promise((resolve) => {
    const settle = (result: SmtpSession | NotTaken) => {
      signal.removeEventListener('abort', onAbort);
      connection.off('error', onError);
      connection.off('end', onEnd);
      if ('kind' in result) connection.close();
      resolve(result);
    };
    const onError = (error?: SmtpError | null) => settle(beforeMessage(error, 'not_connected'));
    const onEnd = () => settle(silent(false, 'not_connected'));
    const onAbort = () => settle(silent(false, 'not_connected'));
    signal.addEventListener('abort', onAbort);
    connection.once('error', onError);
    connection.once('end', onEnd);
    if (signal.aborted) return onAbort();
    connection.connect((error) => {
      if (error) return onError(error);
      if (!settings.auth) return settle(sessionOver(connection));
      // Without AUTH on offer the library would send none, and the refusal would come later.
      if (!connection.allowsAuth) {
        return settle({ kind: 'answered', step: 'auth', reply: '530' });
      }
      const { user, password } = settings.auth;
      connection.login({ user, pass: password.reveal() }, (refused) =>
        refused ? onError(refused) : settle(sessionOver(connection)),
      );
    });
  });
}

function sessionOver(connection: SMTPConnection): SmtpSession {
  return {
    isOpen() {
      const socket = connection._socket;
      return !connection.destroyed && !!socket && socket.writable && !socket.readableEnded;
    },
    handOver: (envelope, message, signal) => handOver(connection, { envelope, message, signal }),
    quit() {
      const left = new Promise<void>((resolve) => connection.once('end', resolve));
      connection.quit();
      setTimeout(() => connection.close(), quitMs).unref();
      return left;
    },
    close: () => connection.close(),
  };
}

/**
 * The library's errors do not tell whether the server had asked for the message. The message itself
 * does: it is a stream that nobody reads before that, and that gives nothing away unless the last
 * reply was 354.
 */
function handOver(
  connection: SMTPConnection,
  input: { envelope: Envelope; message: Buffer; signal: AbortSignal },
): Promise<HandOver> {
  const { envelope, signal } = input;
  return new Promise((resolve) => {
    let begun = false;
    const message = new Readable({
      read() {
        if (!/^354(?:[ -]|$)/.test(String(connection.lastServerResponse))) {
          this.destroy(new Error('unclear_answer'));
          return;
        }
        begun = true;
        this.push(input.message);
        this.push(null);
      },
    });
    const settle = (result: HandOver) => {
      signal.removeEventListener('abort', onAbort);
      connection.off('end', onEnd);
      // A conversation that took any other turn is not gone on with.
      if (result.kind !== 'taken') connection.close();
      resolve(result);
    };
    const onAbort = () => {
      const reason = signal.reason === 'timeout' ? 'timeout' : 'connection_lost';
      // In this turn: what has not been written by now never will be.
      settle(silent(begun, reason));
    };
    // The answer, if there is one, comes in the same turn.
    const onEnd = () => setImmediate(() => settle(silent(begun, 'connection_lost')));
    signal.addEventListener('abort', onAbort);
    connection.once('end', onEnd);
    if (signal.aborted) return onAbort();
    try {
      const dsn = { ret: 'HDRS', envid: envelope.id };
      connection.send({ from: envelope.from, to: envelope.to, dsn }, message, (error, info) => {
        if (error) return settle(begun ? afterMessage(error) : beforeMessage(error));
        const reply = info?.response ?? '';
        const isTaken = begun && /^2\d\d(?:[ -]|$)/.test(reply);
        settle(isTaken ? { kind: 'taken', reply } : silent(begun, 'unclear_answer'));
      });
    } catch {
      settle(silent(begun, 'connection_lost'));
    }
  });
}

function silent(begun: boolean, reason: Silence): NotTaken {
  return { kind: 'silent', begun, reason };
}

const steps: Readonly<Record<string, SmtpStep>> = {
  'MAIL FROM': 'mail',
  'RCPT TO': 'rcpt',
  DATA: 'data',
};

function beforeMessage(
  error: SmtpError | null | undefined,
  otherwise: Silence = 'connection_lost',
): NotTaken {
  const { code, command, response } = error ?? {};
  if (typeof response === 'string' && /^[45]\d\d(?:[ -]|$)/.test(response)) {
    const step = code === 'EAUTH' ? 'auth' : (steps[String(command)] ?? 'session');
    return { kind: 'answered', step, reply: response };
  }
  if (typeof response === 'string' || code === 'EPROTOCOL' || code === 'ESTREAM') {
    return silent(false, 'unclear_answer');
  }
  return silent(false, code === 'ETIMEDOUT' ? 'timeout' : otherwise);
}

function afterMessage(error: SmtpError): HandOver {
  const { code, command, response } = error;
  // Any other way a reply gets here, it may have been cut short.
  const isWhole = code === 'EMESSAGE' && command === 'DATA' && typeof response === 'string';
  if (isWhole && /^[45]\d\d(?:[ -]|$)/.test(response)) {
    return { kind: 'answered', step: 'message', reply: response };
  }
  if (isWhole || code === 'EPROTOCOL') return silent(true, 'unclear_answer');
  return silent(true, code === 'ETIMEDOUT' ? 'timeout' : 'connection_lost');
}
