import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** A file for its owner alone that lines are added to. */
export interface DurableLines {
  /** Resolves once the line would survive a loss of power. Lines that come together share the wait. */
  append(line: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Follows no symbolic link: whoever can write to the folder could have put one there that leads to
 * another file of its owner.
 *
 * @param isNew whether what stood there goes
 * @throws {Error} when the path is anything but a file
 */
export async function openDurableLines(
  path: string,
  { isNew }: { isNew: boolean },
): Promise<DurableLines> {
  const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_TRUNC, O_APPEND } = constants;
  const how = O_WRONLY | O_CREAT | O_NOFOLLOW | (isNew ? O_TRUNC : O_APPEND);
  const file = await open(path, how, 0o600);
  // A device such as /dev/null is everybody's: its rights stay, and it is not to be deleted.
  if (!(await file.stat()).isFile()) {
    await file.close();
    throw new TypeError('no regular file');
  }
  // It may have been there with more rights.
  await file.chmod(0o600);
  let waiting: string[] = [];
  let flushing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  async function flush(): Promise<void> {
    next = undefined;
    const lines = waiting;
    waiting = [];
    await file.appendFile(lines.map((line) => `${line}\n`).join(''));
    await file.datasync();
  }

  return {
    append(line) {
      waiting.push(line);
      if (!next) {
        next = flushing.then(flush);
        // Whoever waits is told; the chain goes on.
        flushing = next.catch(() => {});
      }
      return next;
    },
    async close() {
      await flushing;
      await file.close();
    },
  };
}
