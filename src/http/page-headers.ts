const directives = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
];
const policy = directives.join('; ');

/** The policy of a page with one script, and no other. @param url its whole address, without query */
export function policyWithScript(url: string): string {
  return [...directives, `script-src ${url}`].join('; ');
}

const secondsOfAYear = 31_536_000;

/**
 * The headers of every answer of this listener, errors, redirects and the stylesheet included.
 *
 * Nothing may be kept, so that a shared phone holds no trace; nothing may be loaded from elsewhere,
 * run, framed, indexed, or tell where it came from.
 *
 * @param https whether patients come by https; a promise of it over plain http would be ignored
 * @see https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
 */
export function pageHeaders({ https }: { https: boolean }): Readonly<Record<string, string>> {
  return Object.freeze({
    'cache-control': 'no-store',
    'content-security-policy': policy,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    // For browsers that are older than frame-ancestors.
    'x-frame-options': 'DENY',
    'x-robots-tag': 'noindex, nofollow',
    ...(https ? { 'strict-transport-security': `max-age=${secondsOfAYear}` } : {}),
  });
}
