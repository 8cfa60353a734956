import type { Booking, Bookings } from './stage/bookings.ts';
import type { Verdict } from './stage/judge.ts';
import type { Random } from './stage/random.ts';
import type { Backend, Stage, Tenant } from './stage/stage.ts';

/** One kind of fault, done again and again while appointments come in and reminders go out. */
export interface Scenario {
  readonly name: string;
  /** What is done to it, in a few words. */
  readonly fault: string;
  /** Only where the queue is carried so. */
  readonly backend?: Backend;
  /** Only where there is one, and another folder holds it. */
  readonly needsOlderVersion?: true;
  /** How often in a full run on each queue, and at least, however little time there is. */
  readonly rounds: { readonly full: number; readonly least: number };
  /** Appointments booked a second meanwhile; 10 when absent, 0 where the rounds book themselves. */
  readonly perSecond?: number;
  /** From when it is first asked for until its reminder is due; longer where answers take long. */
  readonly dueInMs?: number;
  /** Alarms that must have been raised by its end. */
  readonly alarms?: readonly string[];
  /** Before the first is booked; what it returns is done after the last round. */
  prepare?(scene: Scene): Promise<(() => Promise<void>) | undefined>;
  round(scene: Scene, number: number): Promise<void>;
  /** After everything has settled; looks at what no other scenario must look at. */
  check?(scene: Scene, verdict: Verdict): Promise<void>;
}

/** What a scenario has at hand. */
export interface Scene {
  readonly stage: Stage;
  readonly tenant: Tenant;
  readonly bookings: Bookings;
  readonly random: Random;
  /** Production's leases and windows are waited for; else they are turned forward. */
  readonly realLeases: boolean;
  /** Resolves when so many more of its own reminders are with the peers, or the time is over. */
  untilMore(count: number, withinMs?: number): Promise<boolean>;
  /** Books so many and resolves when they are accepted. */
  book(count: number, channel?: 'sms' | 'email'): Promise<Booking[]>;
  /** Notes a breach of what this scenario is about. */
  breach(words: string): void;
  /** Counts something for the table's notes. */
  note(what: string, count?: number): void;
}
