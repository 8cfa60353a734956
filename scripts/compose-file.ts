import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** As much of a service in a compose file as running it without an engine needs. */
export interface ComposeService {
  readonly image?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** `NAME:FOLDER` or `NAME:FOLDER:ro`. */
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly configs?: readonly unknown[];
  readonly secrets?: readonly unknown[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly disable?: boolean; readonly test?: readonly string[] };
  readonly restart?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly ulimits?: Readonly<Record<string, number>>;
  readonly mem_limit?: string;
  readonly memswap_limit?: string;
  readonly cap_add?: readonly string[];
}

interface ComposeNetwork {
  readonly internal?: boolean;
  readonly ipam?: {
    readonly config: readonly { readonly subnet: string; readonly ip_range: string }[];
  };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, ComposeNetwork>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** `${NAME}`, `${NAME:-otherwise}` or `${NAME:?what it is}`: no other form is used here. */
const placeholder = /\$\{(\w+)(?::([-?])([^}]*))?\}/g;

/**
 * Reads a compose file as `docker compose` would.
 *
 * @param env what its placeholders stand for; empty counts as unset
 * @throws naming every required variable that is missing
 */
export function readComposeFile(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): ComposeFile {
  const missing = new Set<string>();
  const filled = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replace(placeholder, fill);
    if (Array.isArray(value)) return value.map(filled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, filled(inner)]));
  };
  const fill = (_: string, name: string, kind: string | undefined, text = '') => {
    const value = env[name];
    if (value !== undefined && value !== '') return value;
    if (kind === '?') missing.add(text === '' ? name : `${name}: ${text}`);
    return kind === '-' ? text : '';
  };
  const file = filled(parse(readFileSync(path, 'utf8'), { merge: true })) as ComposeFile;
  if (missing.size > 0) throw new Error([...missing].join('\n'));
  return file;
}

/** The names in a compose file's placeholders, and whether each is required. */
export function placeholdersIn(text: string): Map<string, { required: boolean }> {
  const found = new Map<string, { required: boolean }>();
  for (const [, name = '', kind] of text.matchAll(placeholder)) {
    found.set(name, { required: kind === '?' || found.get(name)?.required === true });
  }
  return found;
}
