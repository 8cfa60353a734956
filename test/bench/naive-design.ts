/** What the naive worker writes of each reminder: its outcome, or every row that Sotto writes. */
export type NaiveWrites = 'outcome' | 'all-rows';

export const isNaiveWrites = (value: unknown): value is NaiveWrites =>
  value === 'outcome' || value === 'all-rows';

/** What lies in Redis for each reminder, in the clear. */
export interface NaiveJob {
  readonly id: string;
  readonly name: string;
  readonly phone: string;
  readonly place: string;
  readonly at: string;
  readonly link: string;
}

/** How one naive worker differs from another. */
export interface NaiveOptions {
  readonly writes: NaiveWrites;
  /** Makes a signed link for each message, as jose's users do; else it stands in the job. */
  readonly signsLink: boolean;
}

export const naiveQueue = 'naive';
export const connectionsMax = 20;
