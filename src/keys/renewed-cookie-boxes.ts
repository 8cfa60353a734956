import { type CookieBox, createCookieBox } from './cookie-box.ts';
import type { KeyStore } from './key-store.ts';

const boxNames = ['link', 'session', 'portal', 'passkey'] as const;
type BoxName = (typeof boxNames)[number];

export interface RenewedCookieBoxes extends Readonly<Record<BoxName, CookieBox>> {
  renew(): Promise<void>;
}

/** What cookies are sealed with, under the keys that are in the store now. */
export async function createRenewedCookieBoxes(
  keys: Pick<KeyStore, 'cookieKeys' | 'ensureCookieKey'>,
): Promise<RenewedCookieBoxes> {
  const forEachName = (make: (name: BoxName) => CookieBox) =>
    Object.fromEntries(boxNames.map((name) => [name, make(name)])) as Record<BoxName, CookieBox>;
  const read = async (held: ReturnType<KeyStore['cookieKeys']>) => {
    const all = await held;
    return forEachName((name) => createCookieBox({ keys: all, purpose: `sotto-${name}` }));
  };
  let boxes = await read(keys.ensureCookieKey());
  return {
    ...forEachName((name) => ({
      seal: (payload, options) => boxes[name].seal(payload, options),
      open: (value) => boxes[name].open(value),
    })),
    async renew() {
      boxes = await read(keys.cookieKeys());
    },
  };
}
