import { z } from 'zod';

const bell = z.strictObject({ v: z.literal(1), batch: z.uuid() });

/** All that a queue ever holds: the id of a batch. */
export type Bell = z.output<typeof bell>;

/** @returns undefined for anything else, as an older or a stranger's program may have left there */
export function readBell(data: unknown): Bell | undefined {
  return bell.safeParse(data).data;
}
