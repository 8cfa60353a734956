import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ComposeService } from './compose-file.ts';

/** Where the image keeps its volumes. */
const kept = 'var/lib/sotto';

/** The folders of services that would be containers, with volumes that are folders too. */
export interface ServiceFolders {
  /** What is DATA_DIR for a service. */
  dataDir(name: string): string;
  /** Lays a service's folder as the image has it, with the volumes that it may write to. */
  lay(name: string, service: ComposeService): void;
  /** Lays into it what it may only read. To be called when others have written that. */
  layReadOnly(name: string, service: ComposeService): void;
}

/**
 * @param userOf whom a service runs as; undefined for whoever runs this
 */
export function createServiceFolders({
  folder,
  imageRoot,
  userOf,
}: {
  folder: string;
  imageRoot: string;
  userOf: (name: string) => number | undefined;
}): ServiceFolders {
  const volumeFolder = (volume: string) => join(folder, 'volumes', volume);
  const dataDir = (name: string) => join(folder, 'services', name, kept);

  function mountsOf(name: string, { volumes = [] }: ComposeService) {
    return volumes
      .map((volume) => volume.split(':'))
      .map(([volume = '', place = '', flag]) => ({
        shared: volumeFolder(volume),
        place: join(folder, 'services', name, place),
        readOnly: flag === 'ro',
      }));
  }

  return {
    dataDir,
    lay(name, service) {
      copyFor(userOf(name), join(imageRoot, kept), dataDir(name));
      for (const { shared, place, readOnly } of mountsOf(name, service)) {
        if (readOnly) continue;
        // A new volume begins as the image's folder is, and is the first one's that may write to it.
        if (!existsSync(shared)) copyFor(userOf(name), place, shared);
        replaceByLink(place, shared);
      }
    },
    layReadOnly(name, service) {
      for (const { shared, place, readOnly } of mountsOf(name, service)) {
        if (!readOnly) continue;
        // A key that two users may read lies with each, since it must be closed to everybody else.
        const isPrivate = (statSync(shared).mode & 0o077) === 0;
        if (isPrivate) copyFor(userOf(name), shared, place);
        else replaceByLink(place, shared);
      }
    },
  };
}

function replaceByLink(place: string, target: string): void {
  rmSync(place, { recursive: true });
  symlinkSync(target, place);
}

function copyFor(uid: number | undefined, from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
  if (uid !== undefined) execFileSync('chown', ['-R', `${uid}:${uid}`, to]);
}
