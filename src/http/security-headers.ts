/**
 * Headers of every answer to a program: kept nowhere, shown in no frame, taken for nothing else.
 *
 * @param url the public address; over https, browsers are told to stay there
 */
export function programHeaders(url: string): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    // For browsers that are older than frame-ancestors.
    'x-frame-options': 'DENY',
    ...(url.startsWith('https:')
      ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' }
      : {}),
  };
}
