export const privateExtension = '.key';

/** Who may read a file or a folder that we make. */
export type Audience = 'owner' | 'everyone';

/** What holds a store's keys: a folder on disk, or in Vault. Every path is relative to it, in errors too. */
export interface KeyFolder {
  /** @returns undefined when there is no such file */
  read(path: string): Promise<Buffer | undefined>;
  /** When a file came to be here; undefined when there is no such file. */
  madeAt(path: string): Promise<Date | undefined>;
  /** Names without their extension, in no order. Files half made do not count. */
  list(folder: string, extension: string): Promise<string[]>;
  /** Makes a folder and those above it, durably, where folders must be made. */
  makeFolder(folder: string, audience: Audience): Promise<void>;
  /**
   * Makes a file that is either whole or not there. Its bytes are durable on return, its name
   * only after `sync` of the folder.
   *
   * @returns false when the file was there already; it stays as it is
   */
  create(path: string, bytes: Buffer, audience: Audience): Promise<boolean>;
  /** Removes a file and whatever a dead process left of its making. */
  remove(folder: string, file: string): Promise<void>;
  sync(folder: string): Promise<void>;
}

const keysAtOnce = 16;

/** Does something for each, a few at a time: enough to keep what holds them busy, and few at once. */
export async function forEachName(
  names: readonly string[],
  action: (name: string) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < names.length; start += keysAtOnce) {
    await Promise.all(names.slice(start, start + keysAtOnce).map(action));
  }
}
