import { modes } from '../domain/channel.ts';
import { scopes as everyScope, type Scope } from '../domain/scope.ts';
import { lineFault } from '../domain/shown-line.ts';
import type { CreateCredentialInput } from '../usecases/create-credential.ts';
import { isNetwork } from '../usecases/within-networks.ts';
import { uuidFrom } from './admin.ts';
import type { CeilingValues } from './ceiling-options.ts';
import { CommandError } from './command-error.ts';
import { endFrom } from './moments.ts';

/** The options of `sotto key`, as they were typed. */
export interface KeyValues extends CeilingValues {
  readonly organisation?: string | undefined;
  readonly mode?: string | undefined;
  readonly name?: string | undefined;
  readonly scopes?: string | undefined;
  readonly expires?: string | undefined;
  readonly 'acts-for'?: string | undefined;
  readonly from?: string | undefined;
  readonly 'public-key'?: string | undefined;
  readonly thumbprint?: string | undefined;
  readonly overlap?: string | undefined;
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
}

/** The options that say what a credential may do. */
export const rightsOptions = [
  'organisation',
  'mode',
  'name',
  'scopes',
  'expires',
  'acts-for',
  'from',
] as const satisfies readonly (keyof KeyValues)[];

const labelCharactersMax = 100;
const networksMax = 50;

/** @throws {CommandError} for what no credential can be */
export function rightsFrom(values: KeyValues): CreateCredentialInput {
  const mode = modes.find((known) => known === values.mode);
  if (!mode) throw new CommandError('--mode must be test or live.');
  const { expires } = values;
  return {
    organisationId: uuidFrom(values.organisation, '--organisation'),
    mode,
    scopes: values.scopes === undefined ? everyScope : scopesFrom(values.scopes),
    expiresAt:
      expires === undefined ? undefined : endFrom('--expires', expires, Temporal.Now.instant()),
    actsFor: listFrom(values['acts-for']).map((id) => uuidFrom(id, 'Each of --acts-for')),
    label: values.name === undefined ? undefined : labelFrom(values.name),
    networks: values.from === undefined ? null : networksFrom(values.from),
  };
}

/** @returns null for any */
export function networksFrom(text: string | undefined): string[] | null {
  if (text === 'any') return null;
  const networks = listFrom(text);
  if (networks.length > 0 && networks.length <= networksMax && networks.every(isNetwork)) {
    return networks;
  }
  throw new CommandError(
    `--from must be any, or up to ${networksMax} addresses or networks, as 192.0.2.7,2001:db8::/32.`,
  );
}

function scopesFrom(text: string): Scope[] {
  const chosen = new Set(listFrom(text));
  const known = everyScope.filter((scope) => chosen.delete(scope));
  if (known.length > 0 && chosen.size === 0) return known;
  throw new CommandError(`--scopes must be some of ${everyScope.join(',')}.`);
}

function labelFrom(text: string): string {
  const label = text.trim();
  if (!lineFault(label, labelCharactersMax)) return label;
  throw new CommandError(`--name must be 1 to ${labelCharactersMax} characters on one line.`);
}

function listFrom(text = ''): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
