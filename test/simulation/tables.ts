import type { AppointmentState } from '../../src/domain/appointment.ts';
import type { PendingEnd, ReceiptState } from '../../src/domain/attempt.ts';
import type { Channel, Mode, RequestedChannel } from '../../src/domain/channel.ts';
import type { ReminderState, SkipReason } from '../../src/domain/reminder.ts';

/** A moment, in milliseconds of the simulated clock. */
type Ms = number;

export interface AppointmentRow {
  readonly id: string;
  organisation_id: string;
  mode: Mode;
  reference: string;
  state: AppointmentState | 'erased';
  version: number;
  revision: number | null;
  starts_at: Ms;
  ends_at: Ms;
  moved: boolean;
  paused_at: Ms | null;
  deleted_at: Ms | null;
}

export interface ReminderRow {
  readonly id: string;
  organisation_id: string;
  mode: Mode;
  appointment_id: string;
  kind: 'planned' | 'notice';
  requested_channel: RequestedChannel;
  channel: Channel;
  before: string | null;
  resolved_at: Ms;
  send_at: Ms;
  due_at: Ms;
  not_after: Ms;
  state: ReminderState;
  skipped_reason: SkipReason | null;
  reason_code: string | null;
  pending_end: PendingEnd | null;
  possible_duplicate: boolean;
  possibly_sent: boolean;
  attempt_count: number;
  attempts_before_redrive: number;
  batch_id: string | null;
  lease_until: Ms | null;
  sent_at: Ms | null;
  delivered_at: Ms | null;
  doubted_at: Ms | null;
  settle_at: Ms | null;
  settle_count: number;
  doubt_alarmed_at: Ms | null;
}

export interface LinkRow {
  readonly id: string;
  appointment_id: string;
  reminder_id: string;
  channel: Channel;
  lookup: Buffer;
  seal_public_key: Buffer;
  parcel: Buffer | null;
  parcel_day: string | null;
  selector: string | null;
  current: boolean;
  attempted_at: Ms | null;
  revoked_at: Ms | null;
  expires_at: Ms;
}

export interface AttemptRow {
  readonly id: string;
  reminder_id: string;
  link_id: string | null;
  number: number;
  channel: Channel;
  transport: string;
  token: Buffer;
  started_at: Ms;
  ended_at: Ms | null;
  outcome: 'accepted' | 'refused' | 'uncertain' | null;
  reason_code: string | null;
  provider_id: string | null;
  receipt_state: ReceiptState | null;
  receipt_code: string | null;
  possible_duplicate: boolean;
  proven_copy_at: Ms | null;
}

/** Of reminders alone: what happens to an appointment moves none of their states. */
export interface EventRow {
  readonly reminder_id: string;
  readonly from_state: ReminderState | null;
  readonly to_state: ReminderState;
  readonly reason_code: string | null;
  readonly possible_duplicate: boolean;
  readonly possibly_sent: boolean;
}

export interface BatchRow {
  readonly id: string;
  channel: Channel;
  mode: Mode;
  reminder_count: number;
  created_at: Ms;
  lease_until: Ms;
}

export interface PauseRow {
  readonly id: string;
  organisation_id: string | null;
  channel: Channel | null;
  ended_at: Ms | null;
}

export interface HeartbeatRow {
  readonly name: string;
  readonly instance: string;
}

export interface OrganisationRow {
  readonly id: string;
  uncertain_policy: 'resend' | 'hold';
}

/** An organisation whose booking system is asked before anything is sent. */
export interface CheckRow {
  readonly id: string;
  readonly organisation_id: string;
  readonly on_no_answer: 'send' | 'hold';
}

/** Until it is restored a database lives one life; the newest counts. */
export interface LifeRow {
  readonly number: number;
  beat: number;
  identity: string | null;
  timeline: string | null;
  run: string | null;
  ready_at: Ms | null;
  marked_at: Ms;
  restored_to: Ms | null;
  begun_at: Ms;
}

/** The one server that the tables lie on: no backup holds it. */
export interface ServerRow {
  identity: string;
  timeline: string;
  run: string;
}

export interface QuestionRow {
  readonly reminder_id: string;
  readonly organisation_id: string;
  decision: string | null;
  proceed_until: Ms | null;
  unanswered_since: Ms | null;
  failed_count: number;
  ask_at: Ms;
}

/** What the database of one simulated deployment holds; a schedule has few rows, so they are scanned. */
export interface Tables {
  readonly organisations: OrganisationRow[];
  readonly appointments: AppointmentRow[];
  readonly reminders: ReminderRow[];
  readonly links: LinkRow[];
  readonly attempts: AttemptRow[];
  readonly events: EventRow[];
  readonly batches: BatchRow[];
  readonly pauses: PauseRow[];
  readonly heartbeats: HeartbeatRow[];
  readonly checks: CheckRow[];
  readonly questions: QuestionRow[];
  readonly lives: LifeRow[];
  readonly servers: ServerRow[];
}

export function emptyTables(nowMs: number): Tables {
  const server = { identity: 'server', timeline: '1', run: 'run' };
  const times = { ready_at: nowMs, marked_at: nowMs, begun_at: nowMs, restored_to: null };
  return {
    ...{ servers: [server], lives: [{ number: 1, beat: 0, ...server, ...times }] },
    ...{ organisations: [], appointments: [], reminders: [], links: [], attempts: [], events: [] },
    ...{ batches: [], pauses: [], heartbeats: [], checks: [], questions: [] },
  };
}

/** As the generated column of the same name. */
export function phaseOf({ state }: ReminderRow): string {
  if (state === 'queued' || state === 'sending') return 'in_hand';
  return state === 'sent' || state === 'delivered' || state === 'undelivered' ? 'told' : state;
}

/** What a statement changes in one transaction, and how to take it back. */
export interface Change {
  readonly tables: Tables;
  readonly nowMs: number;
  /** Rows that PostgreSQL took where its order leaves it a choice, when it is played beside it. */
  preferred?: readonly unknown[];
  set<Row extends object>(row: Row, values: Partial<Row>): void;
  insert<Row>(table: Row[], row: Row): void;
  remove<Row>(table: Row[], gone: (row: Row) => boolean): void;
  /** One statement's change of a reminder, with its event and its triggers. */
  step(row: ReminderRow, values: Partial<ReminderRow>, reason: string | null): void;
  rollBack(): void;
}

export function beginChange(tables: Tables, nowMs: number): Change {
  const undo: (() => void)[] = [];
  const change: Change = {
    tables,
    nowMs,
    set(row, values) {
      const before: Partial<typeof row> = {};
      for (const name of Object.keys(values) as (keyof typeof row)[]) before[name] = row[name];
      undo.push(() => Object.assign(row, before));
      Object.assign(row, values);
    },
    insert(table, row) {
      table.push(row);
      undo.push(() => table.splice(table.indexOf(row), 1));
    },
    remove(table, gone) {
      const kept = table.filter((row) => !gone(row));
      if (kept.length === table.length) return;
      const before = table.slice();
      undo.push(() => table.splice(0, table.length, ...before));
      table.splice(0, table.length, ...kept);
    },
    step(row, values, reason) {
      const from = row.state;
      const beginsDoubt = values.state === 'uncertain' && from !== 'uncertain';
      change.set(row, beginsDoubt ? { ...values, ...doubtBegins(nowMs) } : values);
      tell(change, row, from, reason);
    },
    rollBack() {
      for (const takeBack of undo.splice(0).reverse()) takeBack();
    },
  };
  return change;
}

/** One event of a reminder as it stands now. */
export function tell(
  { tables, insert }: Pick<Change, 'tables' | 'insert'>,
  row: ReminderRow,
  from: ReminderState | null,
  reason: string | null,
): void {
  insert(tables.events, {
    reminder_id: row.id,
    from_state: from,
    to_state: row.state,
    reason_code: reason,
    possible_duplicate: row.possible_duplicate,
    possibly_sent: row.possibly_sent,
  });
}

function doubtBegins(nowMs: number): Partial<ReminderRow> {
  return { doubted_at: nowMs, settle_at: nowMs, settle_count: 0, doubt_alarmed_at: null };
}
