import { Resolver } from 'node:dns/promises';

/** The addresses of a name, those of IPv4 first; none where it does not exist. */
export type ResolveName = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * Asks name servers and nothing else: not `/etc/hosts`, no search domains. It takes no thread, so that
 * names that nobody answers for hold up nothing else in the process.
 *
 * @param servers absent: those of the machine
 */
export function createNameResolver(servers?: readonly string[]): ResolveName {
  return async (name, signal) => {
    const resolver = new Resolver({ timeout: 1_500, tries: 2 });
    if (servers) resolver.setServers(servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel);
    try {
      const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      return found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}
