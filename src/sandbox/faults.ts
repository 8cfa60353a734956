import { z } from 'zod';

/** How sending misbehaves. `reset` cuts the connection before anything is stored. */
export const sendModes = ['ok', '429', '500', 'timeout-after-accept', 'reset'] as const;
/** How receipts misbehave. `forged` sends one with a wrong signature ahead of the true ones. */
export const receiptModes = ['ok', 'lost', 'late', 'doubled', 'reordered', 'forged'] as const;

export const faultsSchema = z.strictObject({
  sms: z
    .strictObject({
      mode: z.enum(sendModes).default('ok'),
      rate: z.number().min(0).max(1).default(1),
      receipts: z.enum(receiptModes).default('ok'),
      listLagSeconds: z.number().int().min(0).max(3_600).default(0),
      forceRedaction: z.boolean().default(false),
    })
    .prefault({}),
});

export type Faults = z.output<typeof faultsSchema>;
export type SmsFaults = Faults['sms'];

/**
 * The faults in force. `rate` is the share of messages that meet them, spread evenly rather than
 * drawn, so that a rate of one half is every second message and a failing test can be repeated.
 */
export function createFaults() {
  let current: Faults = faultsSchema.parse({});
  let sendShare = 0;
  let receiptShare = 0;
  const listeners = new Set<() => void>();

  return {
    current: () => current,

    set(next: Faults): void {
      current = next;
      sendShare = 0;
      receiptShare = 0;
      for (const listener of listeners) listener();
    },

    /** What the next message to be sent meets. */
    nextSendMode(): SmsFaults['mode'] {
      sendShare += current.sms.rate;
      if (sendShare < 1) return 'ok';
      sendShare -= 1;
      return current.sms.mode;
    },

    /** What the receipts of the next accepted message meet. */
    nextReceiptMode(): SmsFaults['receipts'] {
      receiptShare += current.sms.rate;
      if (receiptShare < 1) return 'ok';
      receiptShare -= 1;
      return current.sms.receipts;
    },

    onChange: (listener: () => void) => listeners.add(listener),
  };
}

export type FaultControl = ReturnType<typeof createFaults>;
