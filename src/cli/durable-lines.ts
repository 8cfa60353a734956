import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const newline = 0x0a;

/** A file for its owner alone that lines are added to. */
export interface DurableLines {
  /** Resolves once the line would survive a loss of power. Lines that come together share the wait. */
  append(line: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Follows no symbolic link: whoever can write to the folder could have put one there that leads to
 * another file of its owner. Behind half a line, as a full disk leaves one, a new line is begun. Lines
 * that two write at once come one behind the other.
 *
 * @param isNew whether what stood there goes, with the first line that comes
 * @throws {Error} when the path is anything but a file
 */
export async function openDurableLines(
  path: string,
  { isNew }: { isNew: boolean },
): Promise<DurableLines> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_APPEND } = constants;
  const file = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_APPEND, 0o600);
  // A device such as /dev/null is everybody's: its rights stay, and it is not to be deleted.
  if (!(await file.stat()).isFile()) {
    await file.close();
    throw new TypeError('no regular file');
  }
  // It may have been there with more rights.
  await file.chmod(0o600);
  let isOld = isNew;
  if (!isNew && (await isTorn(file))) await file.appendFile('\n');
  let waiting: string[] = [];
  let flushing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  async function flush(): Promise<void> {
    next = undefined;
    const lines = waiting;
    waiting = [];
    if (isOld) await file.truncate();
    isOld = false;
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

async function isTorn(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer[0] !== newline;
}
