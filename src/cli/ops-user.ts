import type { Config } from '../../config/env.ts';
import { AppError } from '../domain/errors.ts';
import { isOpsUserName, type OpsRole, opsRoles } from '../domain/ops-role.ts';
import { Secret } from '../domain/secret.ts';
import { isPasswordLongEnough, newPassword, passwordCharactersMin } from '../keys/password.ts';
import { administer, administrator } from '../store/administration.ts';
import { listOpsUsers, type OpsLogin, type OpsUser } from '../store/ops-users.ts';
import {
  changeOpsLogin,
  changeOpsPassword,
  changeOpsRole,
  createOpsUser,
  type OpsUserChangeDeps,
  type OpsUserDeps,
} from '../usecases/create-ops-user.ts';
import { disableOpsUser } from '../usecases/disable-ops-user.ts';
import { adminUrlOf } from './admin.ts';
import { CommandError } from './command-error.ts';
import { commandLineJournal, tellUnjournaled } from './command-line-journal.ts';
import { exitCodes } from './exit-codes.ts';
import { readHidden } from './read-hidden.ts';

interface Values {
  readonly name?: string | undefined;
  readonly role?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly 'password-stdin'?: boolean | undefined;
  readonly json?: boolean | undefined;
}

const actor = administrator;

/** `sotto ops-user create`, `password`, `disable` and `list`. */
export async function runOpsUser(
  config: Config,
  { values, positionals }: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  const [action, name] = positionals;
  const wanted = { create: 1, list: 1, password: 2, disable: 2, role: 2, link: 2, unlink: 2 }[
    action ?? ''
  ];
  if (wanted === undefined || positionals.length !== wanted) {
    throw new CommandError(
      'Say create, list, or password, disable, role, link or unlink and a name.',
    );
  }
  const deps = (): OpsUserChangeDeps => {
    const adminUrl = adminUrlOf(config);
    const journal = commandLineJournal(config);
    return { transaction: (work) => administer(adminUrl, work), journal };
  };
  if (action === 'list') return list(deps(), values);
  if (action === 'create') return create(deps, values);
  if (action === 'role') return giveRole(deps(), name ?? '', values);
  if (action === 'link') return link(deps(), name ?? '', loginFrom(values) ?? needLogin());
  if (action === 'unlink') return link(deps(), name ?? '', undefined);
  if (action === 'password') return giveAnother(deps, name ?? '', values);
  return disable(deps(), name ?? '', values);
}

async function create(deps: () => OpsUserDeps, values: Values): Promise<number> {
  const { name = '' } = values;
  if (!isOpsUserName(name)) {
    throw new CommandError(
      '--name must be 1 to 64 of a-z, 0-9 and . _ @ -, beginning with a letter or digit.',
    );
  }
  const role = roleFrom(values);
  const login = loginFrom(values);
  const given = login ? undefined : await passwordFrom(values);
  const user = { name, role, login, password: given?.password, actor };
  const isNew = await createOpsUser(deps(), user);
  if (!isNew) {
    throw new CommandError(
      'There is a user of this name, or of this subject. sotto ops-user password gives them a new password.',
      { exitCode: exitCodes.failed },
    );
  }
  tell(values, { name, role }, given, `Created ${name}, ${role}.`);
  return exitCodes.fine;
}

function roleFrom({ role }: Values): OpsRole {
  const known = opsRoles.find((candidate) => candidate === role);
  if (!known) throw new CommandError(`--role must be one of ${opsRoles.join(', ')}.`);
  return known;
}

function loginFrom({ issuer, subject }: Values): OpsLogin | undefined {
  if (issuer === undefined && subject === undefined) return undefined;
  if (!issuer || !subject || !URL.canParse(issuer) || subject.length > 255) {
    throw new CommandError(
      '--issuer is an address and --subject up to 255 characters, both or none.',
    );
  }
  return { issuer, subject: new Secret(subject) };
}

function needLogin(): never {
  throw new CommandError('link needs --issuer and --subject.');
}

async function giveRole(deps: OpsUserChangeDeps, name: string, values: Values): Promise<number> {
  const role = roleFrom(values);
  const changed = found(await changeOpsRole(deps, { name, role, actor }));
  if (changed === 'last_admin') {
    throw new CommandError(
      `${name} is the last admin. Give somebody else that role first; to shut them out, disable them.`,
      { exitCode: exitCodes.failed },
    );
  }
  console.log(values.json ? JSON.stringify({ name, role }) : `${name} is ${role} from now on.`);
  return codeOf(changed, { done: `${name} is ${role}`, again: 'give them that role again' });
}

async function link(
  deps: OpsUserChangeDeps,
  name: string,
  login: OpsLogin | undefined,
): Promise<number> {
  const changed = found(
    await changeOpsLogin(deps, { name, login, actor }).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'busy') throw error;
      throw new CommandError('Another user is that for the provider.', { exitCode: 1 });
    }),
  );
  console.log(`${name} signs in ${login ? 'as that' : 'through no provider'} from now on.`);
  return codeOf(changed, { done: `${name} signs in otherwise`, again: 'do it again' });
}

async function giveAnother(
  deps: () => OpsUserChangeDeps,
  name: string,
  values: Values,
): Promise<number> {
  const given = await passwordFrom(values);
  const changed = found(await changeOpsPassword(deps(), { name, password: given.password, actor }));
  tell(values, { name }, given, `${name} has a new password and may sign in.`);
  return codeOf(changed, {
    done: `${name} has a new password`,
    again: 'give them another one before anybody signs in',
  });
}

async function disable(deps: OpsUserChangeDeps, name: string, values: Values): Promise<number> {
  const disabled = found(await disableOpsUser(deps, { name, actor }));
  console.log(
    values.json
      ? JSON.stringify({ name, disabled: true })
      : `${name} is signed out and may not sign in.`,
  );
  return codeOf(disabled, { done: `${name} is disabled`, again: 'disable them again' });
}

/** What is done is done; whoever called is told what the journal does not have. */
function codeOf(
  { isJournaled }: { isJournaled: boolean },
  { done, again }: { done: string; again: string },
): number {
  if (isJournaled) return exitCodes.fine;
  tellUnjournaled(done, again);
  return exitCodes.failed;
}

async function list(deps: OpsUserDeps, values: Values): Promise<number> {
  const users = await deps.transaction(listOpsUsers);
  if (values.json) console.log(JSON.stringify(users.map(({ id: _, ...user }) => user)));
  else if (users.length === 0) console.error('Nobody yet: sotto ops-user create makes the first.');
  else console.log(users.map(lineOf).join('\n'));
  return exitCodes.fine;
}

function lineOf({ name, role, createdAt, disabledAt }: OpsUser): string {
  const day = (at: Date) => at.toISOString().slice(0, 10);
  const state = disabledAt ? `disabled ${day(disabledAt)}` : `since ${day(createdAt)}`;
  return `${name.padEnd(20)}  ${role.padEnd(8)}  ${state}`;
}

interface GivenPassword {
  readonly password: Secret<string>;
  readonly isMade: boolean;
}

async function passwordFrom(values: Values): Promise<GivenPassword> {
  if (!values['password-stdin']) return { password: newPassword(), isMade: true };
  const password = await readHidden('Password: ');
  if (!isPasswordLongEnough(password)) {
    throw new CommandError(`A password has ${passwordCharactersMin} to 256 characters.`);
  }
  return { password, isMade: false };
}

/** The one time that a password is shown: where it was made here. */
function tell(
  values: Values,
  facts: object,
  { password, isMade }: GivenPassword | { password?: never; isMade?: never } = {},
  said: string,
) {
  const shown = isMade ? { password: password.reveal() } : {};
  if (values.json) console.log(JSON.stringify({ ...facts, ...shown }));
  else console.log(isMade ? `${said} The password, shown this once:\n${password.reveal()}` : said);
}

function found<T>(result: T | false): T {
  if (result === false) throw new CommandError('There is no user of this name.', { exitCode: 1 });
  return result;
}
