import type { Mode } from '../domain/channel.ts';
import { AppError, type FieldError } from '../domain/errors.ts';
import { behindLeastMs, comesTooLate, isDueSoon, type LaneBehind } from '../domain/lane-behind.ts';
import type { NewReminder, WantedAppointment } from '../domain/put-facts.ts';
import type { Connection } from '../store/database.ts';
import { findLanesBehind } from '../store/lanes-behind.ts';

/** What a PUT would add. */
export interface AddedReminders {
  readonly organisationId: string;
  readonly mode: Mode;
  readonly wanted: WantedAppointment;
  readonly newReminders: readonly NewReminder[];
}

/** @returns why a PUT is refused that would add what cannot be sent in time; undefined where all can */
export type LateGate = (
  connection: Connection,
  added: AddedReminders,
) => Promise<AppError | undefined>;

const freshMs = 2_000;
const rememberedMax = 1_000;
const retryAfterS = 30;

/**
 * Refuses what would be accepted and never sent, because its lane is too far behind. Nothing is read for
 * what is due later, and of one organisation once in two seconds at most. What is called off is never
 * refused, nor what was accepted before and only comes again.
 */
export function createLateGate({ nowMs }: { nowMs(): number }): LateGate {
  const known = new Map<string, { atMs: number; lanes: readonly LaneBehind[] }>();

  async function lanesOf(connection: Connection, organisationId: string) {
    const remembered = known.get(organisationId);
    if (remembered && nowMs() - remembered.atMs < freshMs) return remembered.lanes;
    const lanes = await findLanesBehind(connection, { organisationId, leastMs: behindLeastMs });
    if (known.size >= rememberedMax) known.clear();
    known.set(organisationId, { atMs: nowMs(), lanes });
    return lanes;
  }

  return async (connection, { organisationId, mode, wanted, newReminders }) => {
    const { now, linkChannels, status } = wanted;
    if (status === 'cancelled' || !newReminders.some((one) => isDueSoon(one, now)))
      return undefined;
    const lanes = await lanesOf(connection, organisationId);
    const behind = lanes.filter((lane) => lane.mode === mode);
    const late = newReminders.filter((one) => comesTooLate(one, { now, behind, linkChannels }));
    if (late.length === 0) return undefined;
    return new AppError('overloaded', { retryAfterS, fields: fieldsOf(late) });
  };
}

function fieldsOf(late: readonly NewReminder[]): FieldError[] {
  const pointers = late.map(({ kind }) => (kind === 'notice' ? '/notice' : '/reminders'));
  return Array.from(new Set(pointers), (pointer) => ({ pointer, code: 'channel_behind' }));
}
