import nodemailer from 'nodemailer';
import type { Secret } from '../domain/secret.ts';
import { sessionSettings } from './email-smtp.ts';

/** What wakes somebody: which kind of thing went wrong, and where to read on. Nothing of anybody. */
export interface AlertMessage {
  /** That of its incident; one that wakes again for it has another. */
  readonly id: string;
  readonly code: string;
  readonly openedAt: string;
  /** One sentence for people, as chat programs show it. */
  readonly text: string;
  readonly runbook: string;
  /** Its page for operators. */
  readonly incident: string;
}

/** Hands an alert over. The answer is whether it was taken; it never rejects. */
export type AlertChannel = (message: AlertMessage) => Promise<boolean>;

const timeoutMs = 10_000;

/**
 * Posts alerts to an address that the operator has set, which may be anywhere in their network. The
 * same id comes with each try, so that a receiver can drop what it has.
 */
export function webhookAlerts(url: Secret<string>): AlertChannel {
  return async (message) => {
    try {
      const answer = await fetch(url.reveal(), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': message.id },
        body: JSON.stringify(message),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      // What went wrong may name the address, which may hold a token.
      return false;
    }
  };
}

/**
 * Sends alerts by email, over TLS but on this machine, as reminders go. Each try has the same Message-ID,
 * by which a second copy is dropped.
 */
export function emailAlerts(settings: {
  url: Secret<string>;
  from: string;
  to: string;
}): AlertChannel {
  const domain = settings.from.slice(settings.from.lastIndexOf('@') + 1);
  const { secure, requireTls } = sessionSettings({ ...settings, timeoutMs });
  return async (message) => {
    const mailer = nodemailer.createTransport({
      url: settings.url.reveal(),
      ...{ requireTLS: requireTls && !secure, ignoreTLS: !requireTls },
      ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
      ...{ disableFileAccess: true, disableUrlAccess: true },
    });
    try {
      await mailer.sendMail({
        from: settings.from,
        to: settings.to,
        subject: `Sotto incident: ${message.code}`,
        messageId: `<alert-${message.id}@${domain}>`,
        text: `${message.text}\n\nWhat to do: ${message.runbook}\nThe incident: ${message.incident}\n`,
      });
      return true;
    } catch {
      return false;
    } finally {
      mailer.close();
    }
  };
}
