import type { Ground } from './ground.ts';

/** What one run came to. */
export interface Run {
  /** In the unit of its measurement; more is better. */
  readonly value: number;
  /** What it took, by name with its unit; undefined where this machine cannot tell. */
  readonly costs: Readonly<Record<string, number | undefined>>;
}

/** One way to do what is measured. */
export interface Contender {
  readonly name: string;
  /** Arranges for itself, does it `count` times, and checks that it was done. */
  run(ground: Ground, count: number): Promise<Run>;
}

/** Something of ours, under the name that its figures have in the JSON. */
export interface OurContender extends Contender {
  readonly figure: string;
}

/** What is measured together: all of it takes turns, in one run on one machine. */
export interface Measurement {
  readonly name: string;
  readonly unit: string;
  /** What is done and what is not, for the reader of the table. */
  readonly about: readonly string[];
  readonly counts: { readonly full: number; readonly quick: number };
  readonly ours: readonly OurContender[];
  readonly peers: readonly Contender[];
  /** What nothing could be faster than. */
  readonly limit?: Contender;
}
