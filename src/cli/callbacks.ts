import type { Config } from '../../config/env.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { type CallbackAddresses, callbackAddresses } from '../usecases/callback-addresses.ts';
import { adminUrlOf } from './admin.ts';
import { CommandError } from './command-error.ts';

/**
 * Left to itself, Twilio tries a webhook that answers 503 no second time. These settings make it
 * try five times within its 15 seconds.
 *
 * @see https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
 */
const tryAgain = '#rc=5&rp=5xx,ct,rt';

/** `sotto callbacks`: the addresses to enter where messages and bounces come in. */
export async function runCallbacks(
  config: Config,
  { values }: { readonly values: { readonly json?: boolean | undefined } },
): Promise<number> {
  const addresses = await addressesOf(config);
  // They are secrets under a key: who looked at them stands in the audit, or does not see them.
  await administer(adminUrlOf(config), (connection) =>
    recordAdministration(connection, { action: 'callbacks.show', subject: 'callback addresses' }),
  );
  const [inbound, bounce] = [addresses.inbound.reveal(), addresses.bounce.reveal()];
  console.log(
    values.json
      ? JSON.stringify({ inbound, bounce })
      : [
          'Keep these addresses to yourself: whoever knows one can hand something over there.',
          '',
          'Twilio, "A message comes in" of the sender or messaging service (HTTP POST):',
          `  ${inbound}${tryAgain}`,
          'Mail server, what comes to the return path (or pipe it into `sotto bounce`):',
          `  ${bounce}`,
          '',
          'Delivery receipts need nothing: each message names its own address.',
        ].join('\n'),
  );
  return 0;
}

/**
 * The addresses under the key that the api made.
 *
 * @throws {CommandError} while there is none: one made here could be of a user that the api is not
 */
export async function addressesOf(config: Config): Promise<CallbackAddresses> {
  const keys = keyStoreFromConfig(config);
  if ((await keys.keptKeys('callback')).length === 0) {
    throw new CommandError(
      `There is no callback key in ${config.KEYSTORE}: start the api once, or set KEYSTORE or DATA_DIR.`,
      { exitCode: 1 },
    );
  }
  return callbackAddresses({ keys, callbackUrl: config.CALLBACK_URL });
}
