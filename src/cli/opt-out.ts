import type { Config } from '../../config/env.ts';
import { Secret } from '../domain/secret.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';
import { liftOptOut } from '../usecases/lift-opt-out.ts';
import { adminUrlOf } from './admin.ts';
import { CommandError } from './command-error.ts';
import { commandLineJournal, tellUnjournaled } from './command-line-journal.ts';
import { exitCodes } from './exit-codes.ts';
import { readContact } from './read-contact.ts';
import { reasonFrom } from './reason-option.ts';

/** `sotto opt-out lift`: for somebody who asked for messages again. */
export async function runOptOut(
  config: Config,
  {
    values,
    positionals,
  }: {
    readonly values: {
      readonly reason?: string | undefined;
      readonly json?: boolean | undefined;
    };
    readonly positionals: readonly string[];
  },
): Promise<number> {
  if (positionals.length !== 1 || positionals[0] !== 'lift') {
    throw new CommandError('Say lift and --reason; the contact comes from standard input.');
  }
  const reason = reasonFrom(values.reason);
  const contact = await readContact();
  const keys = keyStoreFromConfig(config);
  if ((await keys.keptKeys('pepper')).length === 0) {
    throw new CommandError(`There is no pepper in ${config.KEYSTORE}: set KEYSTORE or DATA_DIR.`, {
      exitCode: 1,
    });
  }
  const adminUrl = adminUrlOf(config);
  const { wasStopped, isJournaled } = await liftOptOut(
    { adminUrl, keys, journal: commandLineJournal(config) },
    { contact: new Secret(contact.text), reason },
  );
  if (values.json) console.log(JSON.stringify({ lifted: wasStopped }));
  else {
    console.log(
      wasStopped ? 'Messages are sent there again.' : 'Nobody had stopped messages there.',
    );
    if (wasStopped && contact.channel === 'sms') {
      console.log('If STOP was texted, the provider blocks until that phone texts START.');
    }
  }
  if (isJournaled) return exitCodes.fine;
  tellUnjournaled('It is taken back', 'take it back again');
  return exitCodes.failed;
}
