import type { SendReason } from './transport.ts';

export type Refusal = { readonly permanent: boolean; readonly reason: SendReason };
const gone = (reason: SendReason): Refusal => ({ permanent: true, reason });
/** For what passes, and for what is wrong with us: a mistake of ours burns no reminder. */
const again = (reason: SendReason): Refusal => ({ permanent: false, reason });

/**
 * Where in the conversation a reply came. `session` is all before the first command of a message,
 * `data` the answer to DATA, `message` the answer to the final dot.
 */
export type SmtpStep = 'session' | 'auth' | 'mail' | 'rcpt' | 'data' | 'message';

/**
 * What replies mean once the recipient has been named: an enhanced code, its first two numbers, or a
 * plain code. The most exact entry counts. A code that is not here is a `provider_refused`,
 * permanent when it begins with 5.
 *
 * @see RFC 5321, 4.2.3
 * @see https://www.iana.org/assignments/smtp-enhanced-status-codes
 */
const meanings: Readonly<Record<string, Refusal>> = {
  '5.1': gone('invalid_recipient'), // no such mailbox, host or syntax
  '5.1.7': again('sender_misconfigured'), // syntax of the sender
  '5.1.8': again('sender_misconfigured'), // domain of the sender
  '5.2': gone('unreachable_recipient'), // mailbox disabled or full
  '5.2.3': again('sender_misconfigured'), // too long for this mailbox
  '5.3': gone('provider_refused'), // the receiving system
  '5.4': gone('unreachable_recipient'), // no route, a loop, given up
  '5.5': again('sender_misconfigured'), // protocol
  '5.6': gone('provider_refused'), // content
  '5.7': gone('blocked_by_carrier'), // policy
  '5.7.3': again('provider_credentials'),
  '5.7.8': again('provider_credentials'), // wrong credentials
  '5.7.9': again('provider_credentials'), // mechanism too weak
  '5.7.11': again('provider_credentials'), // mechanism wants encryption
  '5.7.20': again('sender_misconfigured'), // no DKIM signature passes
  '5.7.21': again('sender_misconfigured'), // no DKIM signature is acceptable
  '5.7.22': again('sender_misconfigured'), // none of the author's domain
  '5.7.23': again('sender_misconfigured'), // SPF failed
  '5.7.24': again('sender_misconfigured'), // SPF could not be checked
  '5.7.25': again('sender_misconfigured'), // reverse DNS
  '5.7.26': again('sender_misconfigured'), // several of these
  '5.7.27': again('sender_misconfigured'), // the sender's domain takes no mail
  '5.7.28': again('rate_limited'), // flood
  '5.7.57': again('provider_credentials'), // Exchange: client not authenticated

  '4.1': again('unreachable_recipient'),
  '4.2': again('unreachable_recipient'), // mailbox busy or full
  '4.3': again('provider_down'), // out of space, overloaded
  '4.4': again('unreachable_recipient'), // the next server does not answer
  '4.5': again('rate_limited'), // too many at once
  '4.7': again('rate_limited'), // greylisting, rate by policy
  '4.7.20': again('sender_misconfigured'),
  '4.7.23': again('sender_misconfigured'),
  '4.7.24': again('sender_misconfigured'),
  '4.7.25': again('sender_misconfigured'),
  '4.7.26': again('sender_misconfigured'),

  '421': again('provider_down'), // closing
  '432': again('provider_credentials'), // password transition
  '450': again('unreachable_recipient'), // mailbox busy; often greylisting
  '451': again('provider_down'),
  '452': again('rate_limited'), // out of space, too many recipients
  '454': again('provider_down'), // TLS or sign-in not possible now
  '455': again('provider_down'),

  '500': again('sender_misconfigured'), // not understood
  '501': gone('invalid_recipient'), // syntax of the address
  '502': again('sender_misconfigured'), // not implemented
  '503': again('sender_misconfigured'), // out of sequence
  '504': again('sender_misconfigured'), // parameter not implemented
  '521': gone('unreachable_recipient'), // takes no mail (RFC 7504)
  '530': again('provider_credentials'), // sign in first
  '534': again('provider_credentials'),
  '535': again('provider_credentials'),
  '538': again('provider_credentials'),
  '550': gone('invalid_recipient'),
  '551': gone('invalid_recipient'), // not local
  '552': gone('unreachable_recipient'), // mailbox full
  '553': gone('invalid_recipient'), // name not allowed
  '554': gone('blocked_by_carrier'),
  '555': again('sender_misconfigured'), // parameter not known
  '556': gone('invalid_recipient'), // domain takes no mail (RFC 7504)
  '571': gone('blocked_by_carrier'), // not of any RFC, and in use
};

/** Said with 5.7.1 or none: our server takes nothing for others from us, whoever the recipient. */
const relaying = /\brelay/i;

/**
 * What a refusing reply means to us. Its text is read and not passed on.
 *
 * @param reply as the server wrote it
 * @returns undefined when it is no refusal
 */
export function refusalForReply(step: SmtpStep, reply: string): Refusal | undefined {
  const found = /^([45]\d\d)(?:[ -](?:([45]\.\d{1,3}\.\d{1,3})(?!\d))?|$)/.exec(reply);
  if (!found) return undefined;
  const [, code = '', enhanced] = found;
  const known = meaningOf(enhanced, code);
  for (const one of [known, meaningOf(undefined, code)]) {
    if (one?.reason === 'provider_credentials') return one;
  }
  if (code.startsWith('4')) {
    if (relaying.test(reply)) return again('sender_misconfigured');
    // It speaks of the server itself, whatever the enhanced code adds.
    if (code === '421')
      return again(enhanced?.startsWith('4.7') ? 'rate_limited' : 'provider_down');
    if (step === 'session' || step === 'auth') return again('provider_down');
    if (step === 'mail' && known?.reason === 'unreachable_recipient') return again('provider_down');
    return known ?? again('provider_down');
  }
  if (step === 'auth') return again('provider_credentials');
  if (step === 'session') return again('provider_down');
  if (step === 'mail' || relaying.test(reply)) return again('sender_misconfigured');
  // Content was seen by then: a plain 550 is about that, or about who sends it.
  if (step !== 'rcpt' && enhanced === undefined && code === '550') {
    return gone('blocked_by_carrier');
  }
  return known ?? gone('provider_refused');
}

/** What the status of a bounce means, say 5.1.1; permanent or not, the message did not arrive. */
export function reasonForStatus(status: string): SendReason {
  return meaningOf(status)?.reason ?? 'provider_refused';
}

function meaningOf(enhanced: string | undefined, code?: string): Refusal | undefined {
  const subject = enhanced?.split('.').slice(0, 2).join('.');
  const keys = [enhanced, subject, code];
  const key = keys.find((one) => one !== undefined && Object.hasOwn(meanings, one));
  return key === undefined ? undefined : meanings[key];
}
