import { leastValidityMs } from '../../config/retry.ts';
import { AppError } from '../domain/errors.ts';
import { decideRedrive, type RedriveDecision, type RedriveRefusal } from '../domain/redrive.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';
import { listOrganisationNames } from '../store/organisation-names.ts';
import {
  listDeadLetters,
  listFailureCodes,
  type RedriveFilter,
  readRedriveFacts,
} from '../store/redrives.ts';
import { type RedriveChoices, type RedriveDeps, redrivenMax } from './redrive-dead-letters.ts';

/** What pressing would do now. */
export interface RedrivePreview {
  /** Of all dead letters, whatever was asked for. */
  readonly choices: RedriveChoices;
  readonly go: number;
  /** Of those: a copy may have arrived already. */
  readonly possibleDuplicates: number;
  readonly refused: Readonly<Partial<Record<RedriveRefusal, number>>>;
  /** There are more than one press looks at. */
  readonly more: boolean;
}

/** Says what would go out and what cannot, and why, without changing anything. */
export async function previewRedrive(
  { database }: RedriveDeps,
  filter: RedriveFilter,
): Promise<RedrivePreview> {
  const organisationIds = await listOrganisationIds(database);
  return database.transaction(organisationIds, async (connection) => {
    const found = await listDeadLetters(connection, { ...filter, countMax: redrivenMax + 1 });
    const facts = await readRedriveFacts(connection, found.slice(0, redrivenMax));
    const refused: Partial<Record<RedriveRefusal, number>> = {};
    let go = 0;
    let possibleDuplicates = 0;
    for (const fact of facts) {
      const decision = decideRedrive(fact, { leastValidityMs });
      if (decision.kind === 'go') {
        go += 1;
        if (decision.possibleDuplicate) possibleDuplicates += 1;
      } else {
        refused[decision.reason] = (refused[decision.reason] ?? 0) + 1;
      }
    }
    const choices = {
      codes: await listFailureCodes(connection),
      organisations: await listOrganisationNames(connection),
    };
    return { choices, go, possibleDuplicates, refused, more: found.length > redrivenMax };
  });
}

/**
 * The same for one reminder.
 *
 * @throws {AppError} `not_found`
 */
export async function previewReminderRedrive(
  { database }: RedriveDeps,
  { reminderId }: { reminderId: string },
): Promise<{ appointmentId: string; decision: RedriveDecision }> {
  const organisationIds = await listOrganisationIds(database);
  return database.transaction(organisationIds, async (connection) => {
    const [facts] = await readRedriveFacts(connection, [reminderId]);
    if (!facts) throw new AppError('not_found');
    return {
      appointmentId: facts.appointmentId,
      decision: decideRedrive(facts, { leastValidityMs }),
    };
  });
}
