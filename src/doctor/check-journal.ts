import { access, constants, realpath, stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { type Finding, fine, problem, warning } from './finding.ts';

/**
 * The journal's folder: it must take entries, be closed to others, and not share the fate of the
 * database.
 *
 * @param dataFolder where PostgreSQL keeps its data, if that is known and may be on this machine
 */
export async function checkJournal(input: {
  journal: string;
  dataFolder: string | undefined;
}): Promise<Finding[]> {
  const folder = resolve(input.journal.replace(/^file:/, ''));
  const found = await checkFolder(folder);
  const inside = await isInside(folder, input.dataFolder);
  if (inside) {
    found.push(
      problem('journal', {
        text: 'JOURNAL lies in the folder of the database: one restored takes the other with it.',
        mend: 'Move the files to a folder elsewhere, better on another disk, and set JOURNAL to it.',
      }),
    );
  }
  if (found.length > 0) return found;
  return [fine('journal', 'The journal can be written, apart from the database.')];
}

async function checkFolder(folder: string): Promise<Finding[]> {
  const facts = await stat(folder).catch(() => undefined);
  if (!facts) {
    const canBeMade = await isWritable(await nearestFolder(folder));
    const ill = {
      text: 'There is no folder at JOURNAL.',
      mend: canBeMade
        ? 'Start api, patient or worker, which make it; or set JOURNAL (file:FOLDER) or DATA_DIR.'
        : 'Make it for the users of api, patient and worker, or correct JOURNAL.',
    };
    return [canBeMade ? warning('journal', ill) : problem('journal', ill)];
  }
  if (!facts.isDirectory() || !(await isWritable(folder))) {
    return [
      problem('journal', {
        text: 'JOURNAL cannot be written: erasures, opt-outs and lock-outs are refused.',
        mend: 'Look again as root or as the role that writes there; then give that user the folder.',
      }),
    ];
  }
  if (facts.mode & 0o022) {
    return [
      problem('journal', {
        text: 'Others may write in the folder of JOURNAL.',
        mend: 'chmod 700 it, and compare its files with a back-up.',
      }),
    ];
  }
  return [];
}

async function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function nearestFolder(path: string): Promise<string> {
  const above = dirname(path);
  const isThere = await stat(above).then(
    () => true,
    () => false,
  );
  return isThere || above === path ? above : nearestFolder(above);
}

async function isInside(folder: string, outer: string | undefined): Promise<boolean> {
  if (outer === undefined) return false;
  const [one, other] = await Promise.all(
    [folder, outer].map((path) => realpath(path).catch(() => resolve(path))),
  );
  return one === other || `${one}`.startsWith(`${other}${sep}`);
}
