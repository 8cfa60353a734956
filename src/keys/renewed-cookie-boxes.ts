import { type CookieBox, createCookieBox } from './cookie-box.ts';
import type { KeyStore } from './key-store.ts';
import { createRenewed } from './renewed.ts';

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
    if (all.length === 0) return undefined;
    return forEachName((name) => createCookieBox({ keys: all, purpose: `sotto-${name}` }));
  };
  const boxes = createRenewed(await read(keys.ensureCookieKey()), () => read(keys.cookieKeys()));
  return {
    ...forEachName((name) => ({
      seal: async (payload, options) => boxes.current()[name].seal(payload, options),
      open: async (value) => boxes.current()[name].open(value),
    })),
    renew: boxes.renew,
  };
}
