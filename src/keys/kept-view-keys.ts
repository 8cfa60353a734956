import { eachKeptBriefly } from './kept-briefly.ts';
import type { KeyStore } from './key-store.ts';

/** One that was destroyed opens links for so long. */
const freshMs = 1_000;

/**
 * View keys, each read once a second: a visit opens its link four times, and of each key that is read
 * anew the public half is computed anew, too.
 */
export function keptViewKeys(
  keys: Pick<KeyStore, 'viewPrivateKey'>,
): Pick<KeyStore, 'viewPrivateKey'> {
  const read = eachKeptBriefly((name) => {
    const [organisationId = '', month = ''] = name.split(' ');
    return keys.viewPrivateKey(organisationId, month);
  }, freshMs);
  return { viewPrivateKey: (organisationId, month) => read(`${organisationId} ${month}`) };
}
