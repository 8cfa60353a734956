/** The addresses to listen on that `localhost` leads to. */
const asLocalhost = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::']);

/** Where a process of this machine finds what listens on `host`, as addresses write it. */
export function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** The same for people: `localhost` wherever that leads there. */
export function reachableByName(host: string): string {
  return asLocalhost.has(host) ? 'localhost' : reachable(host);
}
