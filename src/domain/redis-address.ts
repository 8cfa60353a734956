/** Where a Redis or Valkey is found, as `REDIS_URL` says. */
export type RedisAddress =
  | { readonly kind: 'single'; readonly url: string }
  | ({ readonly kind: 'sentinel'; readonly name: string } & Servers)
  | ({ readonly kind: 'cluster' } & Servers);

interface Servers {
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly isEncrypted: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Of the Sentinels themselves, where they ask for one. */
  readonly sentinelPassword: string | undefined;
}

const several =
  /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/([A-Za-z0-9._-]*))?(?:\?sentinel_password=([^&]+))?$/;
const oneHost = /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;
const portOf = { sentinel: 26_379, cluster: 6_379 };

/**
 * Reads `redis://…` and `rediss://…`, `redis+sentinel://[user:password@]host[:port],…/name` and
 * `redis+cluster://[user:password@]host[:port],…`; the last two with `rediss+` for TLS, and that of
 * Sentinels with `?sentinel_password=` where they ask for one.
 *
 * @returns undefined for anything else
 */
export function readRedisAddress(text: string): RedisAddress | undefined {
  if (/^rediss?:\/\/./.test(text)) return { kind: 'single', url: text };
  const [, scheme, kind, login, hostList = '', name = '', sentinelPassword] =
    several.exec(text) ?? [];
  if (kind !== 'sentinel' && kind !== 'cluster') return undefined;
  const isMisnamed = kind === 'sentinel' ? name === '' : name !== '' || sentinelPassword;
  const hosts = hostList.split(',').map((one) => readHost(one, portOf[kind]));
  const [, username, password] = /^([^:]*)(?::(.*))?$/.exec(login ?? '') ?? [];
  const words = [username, password, sentinelPassword].map(decode);
  if (isMisnamed || words.includes(null) || hosts.includes(undefined)) return undefined;
  const servers = {
    hosts: hosts.filter((host) => host !== undefined),
    isEncrypted: scheme === 'rediss',
    username: words[0] || undefined,
    password: words[1] || undefined,
    sentinelPassword: words[2] || undefined,
  };
  return kind === 'sentinel' ? { kind, name, ...servers } : { kind, ...servers };
}

function readHost(text: string, usual: number) {
  const [whole, inBrackets, plain = '', port] = oneHost.exec(text) ?? [];
  if (whole === undefined || Number(port) > 65_535) return undefined;
  return { host: inBrackets ?? plain, port: port === undefined ? usual : Number(port) };
}

/** @returns null for what is no text so written */
function decode(word: string | undefined): string | undefined | null {
  try {
    return word === undefined ? undefined : decodeURIComponent(word);
  } catch {
    return null;
  }
}
