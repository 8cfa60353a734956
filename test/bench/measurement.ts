import type { Ground } from './ground.ts';

/**
 * What one run came to, by the names of its measures, such as `reminders/s`; the first is the one that
 * it is about. Undefined where this machine cannot tell.
 */
export type Run = Readonly<Record<string, number | undefined>>;

/** One way to do what is measured: ours, a limit, or what people would use instead. */
export interface Contender {
  readonly name: string;
  /** Arranges for itself, does it `count` times, and checks that it was done. */
  run(ground: Ground, count: number): Promise<Run>;
}

/** What is to be reached: by the ratio to one of the others, or by the value where `of` names none. */
export type Target = ({ readonly least: number } | { readonly atMost: number }) & {
  readonly of?: string;
};

/** One figure of ours, next to the others' in the same measure. */
export interface FigureOf {
  /** In the JSON, for instance `dispatch.null`. */
  readonly name: string;
  readonly contender: string;
  readonly measure: string;
  /** The measure's name unless given. */
  readonly unit?: string;
  /** What nothing could be better than, the nearest first. */
  readonly limits?: readonly string[];
  readonly peers?: readonly string[];
  readonly targets?: readonly Target[];
}

/** What some contenders come to together, told like one more of them. */
export interface SumOf {
  readonly name: string;
  readonly of: readonly string[];
  readonly measures: readonly string[];
}

interface Described {
  readonly name: string;
  /** What is done and what is not, for the reader of the table. */
  readonly about: readonly string[];
  readonly counts: { readonly full: number; readonly quick: number };
  /** Unless others are asked for: where something is counted and the same each time, or takes minutes. */
  readonly rounds?: 1;
  readonly sums?: readonly SumOf[];
  readonly figures: readonly FigureOf[];
}

/** What is measured together: all contenders take turns, in one run on one machine. */
export interface Measurement extends Described {
  readonly contenders: readonly Contender[];
}

/** Likewise, on something that is put there once for all rounds: servers that run, rows by the million. */
export interface ArrangedMeasurement extends Described {
  arrange(ground: Ground, count: number, rounds: number): Promise<Arranged>;
}

export interface Arranged {
  readonly contenders: readonly Contender[];
  close(): Promise<void>;
}
