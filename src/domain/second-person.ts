/** So many reminders one person may touch with one press; a deployment may allow fewer. */
export const aloneMax = 1_000;

/** What needs a second person when it touches more. */
export type BulkAction = 'reminders.redrive' | 'sending.resume';

/** Before the name of who typed a command, as this system knows them. */
export const byCommand = 'command line: ';

/**
 * The person behind the name that the audit has: whoever types commands under their own user of the
 * system and signs in under the same name is one.
 */
export function personOf(actor: string): string {
  return (actor.startsWith(byCommand) ? actor.slice(byCommand.length) : actor).toLowerCase();
}

/** Why a request is not one's to approve. */
export type ApprovalFault = 'own' | 'decided' | 'expired' | 'asker_gone';

export function approvalFault(
  request: {
    readonly askedPerson: string;
    readonly expiresAt: Date;
    readonly decision: string | null;
    /** Whoever asked may not do it themselves any more. */
    readonly isAskerGone: boolean;
  },
  { actor, now }: { actor: string; now: Date },
): ApprovalFault | undefined {
  if (request.decision !== null) return 'decided';
  if (request.expiresAt <= now) return 'expired';
  if (request.askedPerson === personOf(actor)) return 'own';
  return request.isAskerGone ? 'asker_gone' : undefined;
}
