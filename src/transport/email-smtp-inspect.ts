import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Secret } from '../domain/secret.ts';
import { sessionSettings } from './email-smtp.ts';

/** How far it came with a mail server, and why no further. */
export type MailServerState =
  /** Signed in where there is a user; `encrypted` unless it is this machine. */
  | { readonly kind: 'ready'; readonly encrypted: boolean; readonly signedIn: boolean }
  | { readonly kind: MailServerFault };

export type MailServerFault =
  | 'not_connected'
  | 'timeout'
  /** It does not greet, or says something else than a mail server would. */
  | 'refused'
  | 'no_tls'
  /** It offers TLS and cannot prove to be who it is asked for as, or does not speak it. */
  | 'tls_failed'
  | 'no_login'
  | 'login_refused';

/**
 * Does all that comes before a message, as the transport would, and leaves.
 *
 * @param options as the transport's own; `from` for the name that we greet with
 */
export function inspectMailServer(options: {
  url: Secret<string>;
  from: string;
  timeoutMs: number;
}): Promise<MailServerState> {
  const { auth, requireTls, ...settings } = sessionSettings(options);
  const connection = new SMTPConnection({
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    // Without STARTTLS on offer it is left before anything is said in the clear.
    ignoreTLS: !requireTls,
    requireTLS: false,
    name: settings.name,
    connectionTimeout: options.timeoutMs,
    greetingTimeout: options.timeoutMs,
    socketTimeout: options.timeoutMs,
    dnsTimeout: options.timeoutMs,
    logger: false,
  });
  return new Promise((resolve) => {
    const settle = (state: MailServerState) => {
      clearTimeout(deadline);
      // First: to close is heard as an end too.
      resolve(state);
      if (state.kind === 'ready') connection.quit();
      else connection.close();
    };
    const onError = (error: unknown) => settle({ kind: faultOf(error) });
    const deadline = setTimeout(() => settle({ kind: 'timeout' }), options.timeoutMs);
    // Stays for good: what comes after the end is nobody's any more.
    connection.on('error', onError);
    connection.once('end', () => settle({ kind: 'not_connected' }));
    connection.connect((error) => {
      if (error) return onError(error);
      if (requireTls && !connection.secure) return settle({ kind: 'no_tls' });
      if (!auth) return settle({ kind: 'ready', encrypted: connection.secure, signedIn: false });
      if (!connection.allowsAuth) return settle({ kind: 'no_login' });
      connection.login({ user: auth.user, pass: auth.password.reveal() }, (refused) =>
        settle(
          refused
            ? { kind: 'login_refused' }
            : { kind: 'ready', encrypted: connection.secure, signedIn: true },
        ),
      );
    });
  });
}

function faultOf(error: unknown): MailServerFault {
  const { code, response, originalCode } = (error ?? {}) as Record<string, unknown>;
  if (code === 'ETIMEDOUT') return 'timeout';
  if (code === 'ETLS') return 'tls_failed';
  if (typeof response === 'string' || code === 'EPROTOCOL') return 'refused';
  return /CERT|SSL|TLS|^UNABLE_|^EPROTO$/.test(String(originalCode))
    ? 'tls_failed'
    : 'not_connected';
}
