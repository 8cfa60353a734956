/**
 * Times what the patient pages answer to right, wrong, expired, used, paused, locked, forged and unknown
 * proofs, on a real PostgreSQL, and fails where the median of one class is told from another's.
 *
 *   npm run timing
 *   npm run timing -- --rounds 100 --bound-ms 10
 */
import { parseArgs } from 'node:util';
import { Secret } from '../../src/domain/secret.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createRoleLogins } from '../../src/store/role-logins.ts';
import { openTestDatabase } from '../support/database.ts';
import { startTestPostgres } from '../support/embedded-postgres.ts';
import { withDatabase } from '../support/global-setup.ts';
import { startLyingProvider } from '../support/lying-provider.ts';
import { startPatientPages } from '../support/patient-pages.ts';
import { type Answers, createAnswerClasses, portalColumns } from './answer-classes.ts';
import { differenceMs, type Timing, timeAnswers } from './time-answers.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    'bound-ms': { type: 'string', default: '10' },
  },
});
const roundCount = wholeNumber('rounds');
const boundMs = wholeNumber('bound-ms');
/** As in production. */
const answerFloorMs = 300;
/** Few, so that none waits for another's work beyond that floor. */
const atOnce = 4;

const postgres = await startTestPostgres();
const adminUrl = new Secret(withDatabase(postgres.adminUrl.reveal(), 'postgres'));
await migrate(adminUrl);
const { close, ...opened } = openTestDatabase({
  adminUrl,
  roleUrls: await createRoleLogins(adminUrl),
});
const database = { ...opened, drop: close };
const pages = await startPatientPages(database, { answerFloorMs });
const provider = await startLyingProvider();
try {
  const organisations = {
    plain: await database.createOrganisation(),
    withPortal: await database.createOrganisation(portalColumns(provider)),
  };
  const classes = await createAnswerClasses({ database, pages, provider, organisations });
  const proofs = await inRounds(async () => ({
    ...(await classes.typed()),
    ...(await classes.shown()),
  }));
  const links = await inRounds(classes.links);
  const isTold = [report('proofs', proofs), report('links that do not work', links)].includes(true);
  process.exitCode = isTold ? 1 : 0;
} finally {
  await provider.close();
  await pages.close();
  await database.drop();
  await postgres.stop();
}

async function inRounds(prepare: () => Promise<Answers>): Promise<Timing[]> {
  const rounds: Answers[] = [];
  for (let round = 0; round < roundCount; round += 1) rounds.push(await prepare());
  return timeAnswers(rounds, { atOnce });
}

/** @returns whether one class is told from another by its time */
function report(title: string, timings: readonly Timing[]): boolean {
  const apartMs = differenceMs(timings, 'medianMs');
  const isTold = !(apartMs <= boundMs);
  const [most = ''] = timings.map(({ name }) => name).toSorted((a, b) => b.length - a.length);
  console.log(`\n${title}: ${roundCount} of each class in turn, in milliseconds`);
  console.log(`  ${'class'.padEnd(most.length)}   median      p10      p90`);
  for (const { name, medianMs, p10Ms, p90Ms } of timings) {
    const figures = [medianMs, p10Ms, p90Ms].map((ms) => ms.toFixed(1).padStart(9)).join('');
    console.log(`  ${name.padEnd(most.length)}${figures}`);
  }
  console.log(
    `  medians of one way differ by ${apartMs.toFixed(1)}, bound ${boundMs}: ${isTold ? 'TOLD APART' : 'not told apart'}`,
  );
  return isTold;
}

function wholeNumber(option: 'rounds' | 'bound-ms'): number {
  const text = options[option];
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  console.error(`--${option} takes a whole number from 1`);
  process.exit(2);
}
