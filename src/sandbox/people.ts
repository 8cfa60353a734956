import { readFileSync } from 'node:fs';
import { z } from 'zod';

const peopleSchema = z.array(
  z.object({
    phone: z.string().optional(),
    email: z.string().optional(),
    pin: z.string().optional(),
    birthDate: z.iso.date().optional(),
    hint: z.string().optional(),
  }),
);

export type Person = z.output<typeof peopleSchema>[number];

/**
 * The people of the demo and what they prove with, so that a newcomer can open what they receive.
 * Read anew each time: the demo is set up while the sandbox runs.
 *
 * @returns nobody when the file is not there or not readable
 */
export function readPeople(directory: string): readonly Person[] {
  try {
    return peopleSchema.parse(JSON.parse(readFileSync(`${directory}/people.json`, 'utf8')));
  } catch {
    return [];
  }
}
