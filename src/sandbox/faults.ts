import { z } from 'zod';

/** How sending misbehaves. `reset` cuts the connection before anything is stored. */
export const sendModes = ['ok', '429', '500', 'timeout-after-accept', 'reset'] as const;
/** How receipts misbehave. `forged` sends one with a wrong signature ahead of the true ones. */
export const receiptModes = ['ok', 'lost', 'late', 'doubled', 'reordered', 'forged'] as const;
/** How it misbehaves when it is asked what it has, or told to forget it. */
export const readModes = ['ok', '500', 'timeout'] as const;

/**
 * How the mail server misbehaves, from the greeting to after the final dot. The first five are the
 * words that both halves know: `429` is a refusal for now at MAIL, `500` a final one after the
 * message, `reset` a cut before 354.
 */
export const mailModes = [
  ...sendModes,
  'reject-connection',
  '421',
  'reject-mail',
  'reject-rcpt',
  'reject-rcpt-later',
  'reject-data',
  'cut-before-354',
  'cut-after-354',
  'reject-message',
  'reject-message-later',
  'cut-after-accept',
  'bounce',
] as const;
/** How bounces of accepted messages misbehave. */
export const bounceModes = ['ok', 'lost', 'late', 'doubled'] as const;

const rate = z.number().min(0).max(1).default(1);

export const faultsSchema = z.strictObject({
  sms: z
    .strictObject({
      mode: z.enum(sendModes).default('ok'),
      rate,
      receipts: z.enum(receiptModes).default('ok'),
      reads: z.enum(readModes).default('ok'),
      listLagSeconds: z.number().int().min(0).max(3_600).default(0),
      forceRedaction: z.boolean().default(false),
    })
    .prefault({}),
  email: z
    .strictObject({
      mode: z.enum(mailModes).default('ok'),
      rate,
      bounces: z.enum(bounceModes).default('ok'),
    })
    .prefault({}),
});

export type Faults = z.output<typeof faultsSchema>;
export type SmsFaults = Faults['sms'];
export type EmailFaults = Faults['email'];

/**
 * The faults in force. `rate` is the share of messages that meet them, spread evenly rather than
 * drawn, so that a rate of one half is every second message and a failing test can be repeated.
 */
export function createFaults() {
  let current: Faults = faultsSchema.parse({});
  let shares = startShares();
  const listeners = new Set<() => void>();

  return {
    current: () => current,

    set(next: Faults): void {
      current = next;
      shares = startShares();
      for (const listener of listeners) listener();
    },

    /** What the next SMS to be sent meets. */
    nextSendMode: () => (shares.send(current.sms.rate) ? current.sms.mode : 'ok'),

    /** What the receipts of the next accepted SMS meet. */
    nextReceiptMode: () => (shares.receipts(current.sms.rate) ? current.sms.receipts : 'ok'),

    /** Whether the next connection to the mail server is refused. */
    nextConnectionRefused: () =>
      current.email.mode === 'reject-connection' && shares.mail(current.email.rate),

    /** What the next mail meets, from MAIL on. */
    nextMailMode(): EmailFaults['mode'] {
      const { mode } = current.email;
      return mode !== 'reject-connection' && shares.mail(current.email.rate) ? mode : 'ok';
    },

    /** What the bounce of the next mail that has one meets. */
    nextBounceMode: () => (shares.bounces(current.email.rate) ? current.email.bounces : 'ok'),

    onChange: (listener: () => void) => listeners.add(listener),
  };
}

export type FaultControl = ReturnType<typeof createFaults>;

function startShares() {
  return { send: share(), receipts: share(), mail: share(), bounces: share() };
}

/** Says yes to this share of the calls. */
function share(): (rate: number) => boolean {
  let sum = 0;
  return (rate) => {
    sum += rate;
    if (sum < 1) return false;
    sum -= 1;
    return true;
  };
}
