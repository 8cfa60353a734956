import { readFileSync } from 'node:fs';
import { z } from 'zod';

const addressesSchema = z.object({ bounceUrl: z.url(), inboundUrl: z.url() });

/**
 * Where bounces and replies go, as somebody would have set it up at the mail system and the SMS
 * provider. Read anew each time: it is written while the sandbox runs, and outlives it.
 *
 * @returns undefined while nobody has set it up
 */
export function readCallbackAddresses(
  directory: string,
): z.output<typeof addressesSchema> | undefined {
  try {
    return addressesSchema.parse(
      JSON.parse(readFileSync(`${directory}/callback-addresses.json`, 'utf8')),
    );
  } catch {
    return undefined;
  }
}
