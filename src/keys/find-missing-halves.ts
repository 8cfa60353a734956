import type { KeyFolder } from './key-folder.ts';
import { boxPair } from './key-pairs.ts';
import { places, viewPlace } from './key-places.ts';

/** What nothing can be sealed to: the days and months whose public half is not there. */
export interface MissingHalves {
  readonly days: readonly string[];
  readonly months: readonly { readonly organisationId: string; readonly month: string }[];
}

/**
 * Looks for public halves, and makes none.
 *
 * @param wanted days `YYYY-MM-DD` of epoch keys, months `YYYY-MM` of view keys for each organisation
 */
export async function findMissingHalves(
  files: Pick<KeyFolder, 'list'>,
  wanted: {
    days: readonly string[];
    months: readonly string[];
    organisationIds: readonly string[];
  },
): Promise<MissingHalves> {
  const namesIn = async (folder: string) =>
    new Set(await files.list(folder, boxPair.publicExtension));
  const days = await namesIn(places.epoch.publicFolder);
  const months = await Promise.all(
    wanted.organisationIds.map(async (organisationId) => {
      const there = await namesIn(viewPlace(organisationId).publicFolder);
      return wanted.months
        .filter((month) => !there.has(month))
        .map((month) => ({ organisationId, month }));
    }),
  );
  return { days: wanted.days.filter((day) => !days.has(day)), months: months.flat() };
}
