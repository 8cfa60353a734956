import type { ReminderState } from '../../src/domain/reminder.ts';

/**
 * The life of a reminder as it was promised: written down a second time, so that a slip in the code's
 * own table is found. `restore` rows are walked only when a backup is restored.
 */
export const lifeTable: Readonly<Record<ReminderState | 'none', readonly ReminderState[]>> = {
  none: ['scheduled', 'skipped'],
  scheduled: [
    ...(['queued', 'cancelled', 'superseded', 'expired'] as const),
    ...(['failed', 'sent', 'delivered', 'uncertain'] as const),
  ],
  queued: [
    ...(['sending', 'scheduled', 'cancelled', 'superseded', 'expired', 'suppressed'] as const),
    ...(['failed', 'sent', 'delivered', 'uncertain'] as const),
  ],
  sending: [
    ...(['sent', 'delivered', 'undelivered', 'scheduled', 'failed', 'suppressed'] as const),
    ...(['uncertain', 'cancelled', 'superseded'] as const),
  ],
  uncertain: [
    ...(['sent', 'delivered', 'undelivered', 'scheduled', 'failed'] as const),
    ...(['cancelled', 'superseded', 'expired'] as const),
  ],
  sent: ['delivered', 'undelivered', 'scheduled'],
  undelivered: ['delivered', 'scheduled'],
  failed: ['scheduled', 'expired', 'cancelled', 'superseded', 'sent', 'delivered', 'undelivered'],
  ...{ delivered: [], skipped: [], cancelled: [], superseded: [], expired: [] },
  ...{ suppressed: [], erased: [] },
};

/** Every row of the table, as `from→to`. */
export const lifeRows: readonly string[] = Object.entries(lifeTable).flatMap(([from, all]) =>
  all.map((to) => rowName(from, to)),
);

export function rowName(from: string, to: string): string {
  return `${from}→${to}`;
}

/** Erasure shreds a record in any state. */
export function isOfLife(from: ReminderState | 'none', to: ReminderState): boolean {
  return to === 'erased' ? from !== 'erased' && from !== 'none' : lifeTable[from].includes(to);
}
