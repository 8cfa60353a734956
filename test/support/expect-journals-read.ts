import { expect } from 'vitest';
import type { ComposeFile } from '../../scripts/compose-file.ts';

const folder = '/var/lib/sotto/journal';

/**
 * Expects that `scheduler` finds every journal that another service writes: what it does not find there is
 * not replayed after a restore, and nothing says so.
 *
 * @param writers who writes which, as `SERVICE VOLUME`; all of them
 */
export function expectJournalsRead(
  services: ComposeFile['services'],
  writers: readonly string[],
): void {
  const mounts = Object.entries(services).flatMap(([service, { volumes = [] }]) =>
    volumes.map((mount) => {
      const [volume = '', place = '', mode] = mount.split(':');
      return { service, volume, place, isReadOnly: mode === 'ro' };
    }),
  );
  const journals = mounts.filter(
    ({ volume, place }) => volume.endsWith('-journal') || `${place}/`.startsWith(`${folder}/`),
  );
  const written = journals.filter(({ isReadOnly }) => !isReadOnly);
  expect(written.map(({ service, volume }) => `${service} ${volume}`).toSorted()).toEqual(writers);
  expect(written.filter(({ place }) => place !== folder)).toEqual([]);
  // Or a service would write where nobody looks.
  const told = Object.values(services).flatMap(({ environment = {} }) => Object.keys(environment));
  expect(told.filter((name) => name === 'JOURNAL' || name === 'DATA_DIR')).toEqual([]);

  const ofOthers = written.filter(({ service }) => service !== 'scheduler');
  const read = journals.filter(({ service, isReadOnly }) => service === 'scheduler' && isReadOnly);
  expect(read.map(({ volume }) => volume).toSorted()).toEqual(
    [...new Set(ofOthers.map(({ volume }) => volume))].toSorted(),
  );
  // The folder's name says whose entries are taken there.
  for (const { volume, place } of read)
    expect(place).toBe(`${folder}/${volume.replace('-journal', '')}`);
  const places = read.map(({ place }) => place);
  expect(new Set(places).size).toBe(places.length);
  // It looks into its own folder and into those in it, and no deeper.
  expect(places.filter((place) => !/^\/[^/]+$/.test(place.replace(folder, '')))).toEqual([]);
}
