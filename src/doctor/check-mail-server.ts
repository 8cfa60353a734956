import type { Secret } from '../domain/secret.ts';
import { inspectMailServer, type MailServerFault } from '../transport/email-smtp-inspect.ts';
import { type Check, type Finding, fine, problem } from './finding.ts';

const timeoutMs = 6_000;

const faults: Record<MailServerFault, { check: Check; text: string; mend: string }> = {
  not_connected: {
    check: 'mail_server',
    text: 'The mail server of SMTP_URL does not answer.',
    mend: 'Start it, or correct host and port; is a firewall in between?',
  },
  timeout: {
    check: 'mail_server',
    text: 'The mail server of SMTP_URL does not answer in time.',
    mend: 'See whether host and port are right (587 for STARTTLS, 465 for smtps), and what is in between.',
  },
  refused: {
    check: 'mail_server',
    text: 'What answers at SMTP_URL takes no mail from here.',
    mend: "Read the mail server's own log; it may know this machine's address as a bad one.",
  },
  no_tls: {
    check: 'mail_tls',
    text: 'The mail server offers no TLS: no email is handed to it in the clear.',
    mend: 'Let it offer STARTTLS, or use smtps:// in SMTP_URL.',
  },
  tls_failed: {
    check: 'mail_tls',
    text: 'The mail server cannot prove over TLS that it is the one that SMTP_URL names.',
    mend: 'Give it a certificate for that name, or name the authority in NODE_EXTRA_CA_CERTS.',
  },
  no_login: {
    check: 'mail_login',
    text: 'SMTP_URL has a user, and the mail server lets nobody sign in.',
    mend: 'Use the port that it takes mail of its users on, or leave the user out of SMTP_URL.',
  },
  login_refused: {
    check: 'mail_login',
    text: 'The mail server refuses the user or the password of SMTP_URL.',
    mend: 'Correct them; what is special in a URL is written with % (an @ as %40).',
  },
};

/** Everything that comes before a message. */
export async function checkMailServer(server: {
  url: Secret<string>;
  from: string;
}): Promise<Finding[]> {
  const state = await inspectMailServer({ ...server, timeoutMs });
  if (state.kind !== 'ready') {
    const { check, text, mend } = faults[state.kind];
    return [problem(check, { text, mend })];
  }
  return [
    fine('mail_server', 'The mail server answers.'),
    fine(
      'mail_tls',
      state.encrypted ? 'It is spoken to over TLS.' : 'It is this machine: TLS is not needed.',
    ),
    ...(state.signedIn ? [fine('mail_login', 'It accepts our user.')] : []),
  ];
}
