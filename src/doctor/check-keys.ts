import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from '../../config/limits.ts';
import { utcDay, utcMonth } from '../domain/link-expiry.ts';
import { checkKeyStore } from '../keys/check-key-store.ts';
import { checkVault, rolesOfToken } from '../keys/check-vault.ts';
import { keyStoreFolder } from '../keys/file-key-store.ts';
import { findMissingHalves, type MissingHalves } from '../keys/find-missing-halves.ts';
import type { KeyFolder } from '../keys/key-folder.ts';
import type { KeyRole } from '../keys/key-places.ts';
import { KeyStoreError } from '../keys/key-store-error.ts';
import {
  type KeyStoreSettings,
  keyFolderFromConfig,
  vaultFromConfig,
} from '../keys/key-store-from-config.ts';
import { mendOfKeyProblem } from '../keys/mend-of-key-problem.ts';
import { readVaultState, type VaultState } from '../keys/vault-state.ts';
import { counted, type Finding, fine, problem, warning } from './finding.ts';

/** Whoever renews tokens does so long before. */
const soonS = 600;
const rolesWithKeys = ['api', 'patient', 'worker', 'scheduler'] as const;

/**
 * Keys of the roles that have a folder here, and the public halves that are sealed to. It makes no key.
 *
 * @param organisationIds undefined while nobody can tell which there are
 */
export async function checkKeys(input: {
  settings: KeyStoreSettings;
  organisationIds: readonly string[] | undefined;
  now: Temporal.Instant;
}): Promise<Finding[]> {
  const vault = vaultFromConfig(input.settings);
  const files = keyFolderFromConfig(input.settings);
  if (vault) {
    const state = await readVaultState(vault.client);
    const line = vaultFinding(state, input.now);
    if (state.problem !== undefined) return [line];
    const found = await checkRoles(await rolesOfToken(vault).catch(() => []), (role) =>
      checkVault(vault, role),
    );
    // Where it does not answer, it has not told which halves there are.
    const isThere = found.every(({ severity }) => severity === 'fine');
    return [line, ...found, ...(isThere ? await checkHalves(files, input) : [])];
  }
  const folder = keyStoreFolder(input.settings.KEYSTORE);
  if (!existsSync(folder)) {
    return [
      problem('key_store', {
        text: 'There is no folder at KEYSTORE.',
        mend: 'Start worker once, or set KEYSTORE (file:FOLDER) or DATA_DIR to where the keys are.',
      }),
    ];
  }
  const here = rolesWithKeys.filter((role) => existsSync(join(folder, role)));
  const found = await checkRoles(here, (role) => checkKeyStore(folder, role));
  return [...found, ...(await checkHalves(files, input))];
}

function vaultFinding({ problem: why, endsInS, policies }: VaultState, now: Temporal.Instant) {
  if (why !== undefined) {
    return problem('vault', { text: `${why}.`, mend: mendOfKeyProblem('Vault') });
  }
  if (policies === undefined) {
    return warning('vault', {
      text: 'What this token is may not be asked of Vault: when it ends, and which policies it has.',
      mend: 'Write the policies of deploy/vault anew.',
    });
  }
  const until = endsInS === undefined ? undefined : now.add({ seconds: endsInS });
  const lives = until ? `lives until ${until.toString({ smallestUnit: 'minute' })}` : 'never ends';
  const whose = `The token ${lives}, with ${policies.length === 1 ? 'the policy' : 'the policies'} ${policies.join(', ') || 'of nothing'}.`;
  if (endsInS !== undefined && endsInS < soonS) {
    return warning('vault', {
      text: `Vault answers. ${whose}`,
      mend: 'See whether Vault Agent runs, or give the role a new token.',
    });
  }
  if (policies.length !== 1) {
    return warning('vault', {
      text: `Vault answers. ${whose}`,
      mend: 'One role, one policy: rules for a single key that stand in another are not looked at.',
    });
  }
  return fine('vault', `Vault answers. ${whose}`);
}

/** @param here roles that have keys where it looks */
async function checkRoles(
  here: readonly KeyRole[],
  check: (role: KeyRole) => Promise<void>,
): Promise<Finding[]> {
  // Public halves are looked at with any role's, so that of `ops` will do where none has keys.
  const roles = here.length > 0 ? here : (['ops'] as const);
  const lines = new Set<string>();
  for (const role of roles) {
    await check(role).catch((error: unknown) => {
      if (!(error instanceof KeyStoreError)) throw error;
      for (const line of error.problems) lines.add(line);
    });
  }
  if (lines.size === 0) {
    const whose = here.length > 0 ? `of ${here.join(', ')} ` : '';
    return [fine('key_files', `The keys ${whose}are whole, and closed to others.`)];
  }
  // Whoever may not enter a folder would be told so of each of its files.
  const byRule = Map.groupBy(lines, (line) => line.slice(line.indexOf(': ')));
  return Array.from(byRule, ([rule, [first = '', ...others]]) =>
    problem('key_files', {
      text: `Key store, ${first}${others.length > 0 ? ` (and ${others.length} more)` : ''}.`,
      mend: mendOfKeyProblem(rule),
    }),
  );
}

async function checkHalves(
  files: KeyFolder,
  {
    organisationIds,
    now,
  }: { organisationIds: readonly string[] | undefined; now: Temporal.Instant },
): Promise<Finding[]> {
  const last = now.add({ hours: 24 * limits.keyHorizonDays });
  const missing = await findMissingHalves(files, {
    days: daysUntil(now, last),
    months: monthsUntil(now, last),
    organisationIds: organisationIds ?? [],
  });
  const months = organisationIds ? monthFindings(missing, organisationIds.length) : [unknown];
  return [...dayFindings(missing), ...months];
}

const unknown = warning('keys_unknown', {
  text: 'Which organisations need view keys could not be asked.',
  mend: 'Look once more when an administrator can read the database.',
});

function dayFindings({ days }: MissingHalves): Finding[] {
  const [first] = days;
  if (first === undefined) {
    return [
      fine('day_keys', `Public halves of day keys are there for ${limits.keyHorizonDays} days.`),
    ];
  }
  return [
    problem('day_keys', {
      text: `The public halves of ${counted(days.length, 'day key')} are missing, the first of ${first}: what goes out on such a day is refused (key_missing).`,
      mend: "Let worker run, which makes them; in api's folder, mirror public/epoch from worker's.",
    }),
  ];
}

function monthFindings({ months }: MissingHalves, organisations: number): Finding[] {
  const [first] = months;
  if (first === undefined) {
    if (organisations === 0) return [];
    return [
      fine(
        'view_keys',
        `Public halves of view keys are there for ${counted(organisations, 'organisation')}.`,
      ),
    ];
  }
  const count = new Set(months.map(({ organisationId }) => organisationId)).size;
  return [
    problem('view_keys', {
      text: `The public halves of view keys are missing for ${counted(count, 'organisation')}, the first ${first.month} of ${first.organisationId}: links that expire in such a month are refused (key_missing).`,
      mend: "Let patient run, which makes them; in api's folder, mirror public/view from patient's.",
    }),
  ];
}

function daysUntil(from: Temporal.Instant, last: Temporal.Instant): string[] {
  const first = Temporal.PlainDate.from(utcDay(from));
  const { days } = first.until(utcDay(last), { largestUnit: 'days' });
  return Array.from({ length: days + 1 }, (_, step) => first.add({ days: step }).toString());
}

function monthsUntil(from: Temporal.Instant, last: Temporal.Instant): string[] {
  const first = Temporal.PlainYearMonth.from(utcMonth(from));
  const { months } = first.until(utcMonth(last), { largestUnit: 'months' });
  return Array.from({ length: months + 1 }, (_, step) => first.add({ months: step }).toString());
}
