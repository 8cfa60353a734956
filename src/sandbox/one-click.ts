import type { AcceptedMail } from './accepted.ts';

/**
 * The address that a mail program posts to when somebody presses its unsubscribe button.
 *
 * @returns undefined when the mail offers none, or not in the way that takes one click
 * @see RFC 8058, 3.1
 */
export function oneClickUrl({ headers }: Pick<AcceptedMail, 'headers'>): URL | undefined {
  const value = (wanted: string) =>
    headers.find(([name]) => name.toLowerCase() === wanted)?.[1].trim();
  if (value('list-unsubscribe-post') !== 'List-Unsubscribe=One-Click') return undefined;
  const addresses = [...(value('list-unsubscribe') ?? '').matchAll(/<([^<>]+)>/g)];
  const url = addresses.map(([, address]) => address?.replace(/\s/g, '')).find(isWeb);
  return url === undefined ? undefined : new URL(url);
}

/** The request that it makes: no cookie, no referrer, and this body. */
export function oneClickPost(url: URL) {
  return {
    url: url.href,
    body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    headers: {},
  };
}

function isWeb(address: string | undefined): address is string {
  return address !== undefined && /^https?:/.test(address) && URL.canParse(address);
}
