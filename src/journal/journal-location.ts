import { open } from 'node:fs/promises';

/** The folder of `file:DIRECTORY`. */
export function journalFolder(location: string): string {
  return location.replace(/^file:/, '');
}

/** So that the name of a file in it survives a power cut too. */
export async function syncFolder(directory: string): Promise<void> {
  const folder = await open(directory, 'r');
  await folder.sync().finally(() => folder.close());
}
