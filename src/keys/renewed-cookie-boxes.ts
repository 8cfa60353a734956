import { type CookieBox, createCookieBox } from './cookie-box.ts';
import type { KeyStore } from './key-store.ts';

export interface RenewedCookieBoxes {
  readonly link: CookieBox;
  readonly session: CookieBox;
  readonly portal: CookieBox;
  renew(): Promise<void>;
}

/** What cookies are sealed with, under the keys that are in the store now. */
export async function createRenewedCookieBoxes(
  keys: Pick<KeyStore, 'cookieKeys' | 'ensureCookieKey'>,
): Promise<RenewedCookieBoxes> {
  const read = async (held: ReturnType<KeyStore['cookieKeys']>) => {
    const all = await held;
    return {
      link: createCookieBox({ keys: all, purpose: 'sotto-link' }),
      session: createCookieBox({ keys: all, purpose: 'sotto-session' }),
      portal: createCookieBox({ keys: all, purpose: 'sotto-portal' }),
    };
  };
  let boxes = await read(keys.ensureCookieKey());
  const renewed = (name: 'link' | 'session' | 'portal'): CookieBox => ({
    seal: (payload, options) => boxes[name].seal(payload, options),
    open: (value) => boxes[name].open(value),
  });
  return {
    link: renewed('link'),
    session: renewed('session'),
    portal: renewed('portal'),
    async renew() {
      boxes = await read(keys.cookieKeys());
    },
  };
}
