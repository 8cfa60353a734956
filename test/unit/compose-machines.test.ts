import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environment } from '../../config/env.ts';
import { placeholdersIn, readComposeFile } from '../../scripts/compose-file.ts';
import { commands } from '../../src/cli/commands.ts';
import { databaseRoles } from '../../src/store/role-logins.ts';
import { expectJournalsRead } from '../support/expect-journals-read.ts';
import { expectProxyBelieved } from '../support/expect-proxy-believed.ts';
import { variablesOf } from '../support/variables-of.ts';

const folder = join(import.meta.dirname, '../../deploy/machines');
const path = join(folder, 'compose.yaml');
const text = readFileSync(path, 'utf8');
const placeholders = placeholdersIn(text);
const given = Object.fromEntries([...placeholders.keys()].map((name) => [name, `given-${name}`]));
const { services, networks, volumes } = readComposeFile(path, given);
const ours = Object.entries(services).filter(([, { image }]) => image === services.api?.image);

describe('deploy/machines/compose.yaml', () => {
  it('runs every role and the migrations job, by commands that exist', () => {
    const run = ours.flatMap(([, { command = [] }]) => command);
    expect(run.toSorted()).toEqual([...databaseRoles, 'migrate'].toSorted());
    const known = commands.map(({ name }) => name);
    expect(run.filter((name) => !known.includes(name))).toEqual([]);
  });

  it.each(databaseRoles)('tells %s what it needs to know and no more', (role) => {
    const told = services[role]?.environment ?? {};
    const allowed = [...variablesOf(role), 'KEYSTORE_TOKEN'];
    expect(Object.keys(told).filter((name) => !allowed.includes(name))).toEqual([]);
    expect(told.DATABASE_URL).toBe(
      `postgres://sotto_${role}:given-${role.toUpperCase()}_DATABASE_PASSWORD@pgbouncer:6432/sotto`,
    );
    expect(told.KEYSTORE_TOKEN).toBe(`given-${role.toUpperCase()}_KEYSTORE_TOKEN`);
  });

  it('hands on every setting there is, but for what the image knows, and what comes with a file', () => {
    const told = new Set(ours.flatMap(([, service]) => Object.keys(service.environment ?? {})));
    expect(Object.keys(environment.shape).filter((name) => !told.has(name))).toEqual([
      ...['HOST', 'API_PORT', 'PATIENT_PORT', 'OPS_PORT', 'SANDBOX_PORT', 'SANDBOX_SMTP_PORT'],
      ...['DATA_DIR', 'TWILIO_BASE_URL', 'DKIM_DOMAIN', 'DKIM_SELECTOR', 'DKIM_KEY_FILE'],
      ...['KEYSTORE_TOKEN_FILE', 'JOURNAL', 'AUDIT_HEADS'],
    ]);
    // Who resumes by hand and who does on the pages need a second person for the same.
    const over = services.ops?.environment?.SECOND_PERSON_OVER;
    expect(over).toBe('given-SECOND_PERSON_OVER');
    expect(services['command-line']?.environment?.SECOND_PERSON_OVER).toBe(over);
  });

  it('sets no variable that Sotto does not read, and mounts no key', () => {
    const told = ours.flatMap(([, service]) => Object.keys(service.environment ?? {}));
    expect(told.filter((name) => !(name in environment.shape))).toEqual([]);
    expect(text).not.toContain('/var/lib/sotto/keys');
  });

  it('has its variables in env.example, and no default for a secret', () => {
    const example = readFileSync(join(folder, 'env.example'), 'utf8');
    const lines = Array.from(example.matchAll(/^(#?)([A-Z_]+)=/gm));
    const named = lines.map(([, , name = '']) => name);
    const unset = lines.filter(([, mark]) => mark === '').map(([, , name = '']) => name);
    // Compose reads the first one itself; the second need not be anything else.
    const wanted = [...placeholders.keys(), 'COMPOSE_PROFILES'].filter(
      (name) => name !== 'OPS_URL',
    );
    expect(named.toSorted()).toEqual(wanted.toSorted());
    const required = [...placeholders].filter(([, { required: must }]) => must);
    expect(unset.toSorted()).toEqual(
      [...required.map(([name]) => name), 'COMPOSE_PROFILES'].toSorted(),
    );
    const secret = /PASSWORD|TOKEN|SECRET|SMTP_URL/;
    const written = Array.from(text.matchAll(/\$\{(\w+):-([^}]+)\}/g), ([, name = '']) => name);
    expect(written.filter((name) => secret.test(name))).toEqual([]);
  });

  it('lets the world reach the proxy alone, and other machines what they share', () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.filter((port) => !port.startsWith('127.0.0.1:')).map((port) => `${name} ${port}`),
    );
    expect(published).toEqual([
      'api given-PRIVATE_ADDRESS:3000:3000',
      'patient given-PRIVATE_ADDRESS:3001:3001',
      'proxy 80:80',
      'proxy 443:443',
      'postgres given-PRIVATE_ADDRESS:5432:5432',
      'valkey given-PRIVATE_ADDRESS:6379:6379',
      'sentinel given-PRIVATE_ADDRESS:26379:26379',
    ]);
  });

  it('believes the proxy alone, at an address that no other service can get', () => {
    expectProxyBelieved(services, networks, 'inside');
  });

  it('lets scheduler read every journal that another service writes, each in a folder of its own', () => {
    expectJournalsRead(services, [
      'api api-journal',
      'command-line command-line-journal',
      'patient patient-journal',
      'scheduler scheduler-journal',
      'worker worker-journal',
    ]);
  });

  it('names volumes that are declared', () => {
    const used = Object.values(services)
      .flatMap(({ volumes: mounts = [] }) => mounts.map((volume) => volume.split(':')[0] ?? ''))
      .filter((name) => !name.startsWith('.'));
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(volumes).toSorted());
  });

  it('gives no file to a service by a way that Compose refuses where nothing can be written', () => {
    const given = Object.entries(services).filter(
      ([, { read_only, configs = [], secrets = [] }]) =>
        read_only && configs.length + secrets.length > 0,
    );
    expect(given).toEqual([]);
  });

  it('keeps the password of PgBouncer in a file that its user alone may read, and in no environment', () => {
    const { user, tmpfs, entrypoint } = services.pgbouncer ?? {};
    const [id = '', ...owner] = user?.split(':') ?? [];
    expect(id).not.toBe('0');
    expect(tmpfs).toEqual([`/run/pgbouncer:uid=${id},gid=${owner.join()},mode=0700`]);
    expect(entrypoint?.slice(0, 1)).toEqual(['sh']);
    expect(entrypoint?.at(-1)).toBe('/run/pgbouncer');
    const place = mkdtempSync(join(tmpdir(), 'sotto-pgbouncer-'));
    try {
      const env = { PATH: `${place}:${process.env.PATH}`, POSTGRES_HOST: 'primary' };
      writeFileSync(join(place, 'pgbouncer'), '#!/bin/sh\nenv; echo "$@"\n', { mode: 0o700 });
      const script = join(folder, 'start-pgbouncer.sh');
      // Twice: a container that is started anew finds what it wrote.
      for (const POOLER_PASSWORD of ['first', 'a"b']) {
        const { status, stdout } = spawnSync('sh', [script, place], {
          env: { ...env, POOLER_PASSWORD },
          encoding: 'utf8',
        });
        expect(status).toBe(0);
        expect(stdout.trim().split('\n').at(-1)).toBe(`${place}/pgbouncer.ini`);
        expect(stdout).not.toContain(POOLER_PASSWORD);
        for (const name of ['users.txt', 'pgbouncer.ini']) {
          const { mode, uid } = statSync(join(place, name));
          expect([mode & 0o777, uid]).toEqual([0o400, process.getuid?.()]);
        }
      }
      const read = (name: string) => readFileSync(join(place, name), 'utf8');
      expect(read('users.txt')).toBe('"sotto_pooler" "a""b"\n');
      expect(read('pgbouncer.ini')).toContain(`\nauth_file = ${place}/users.txt\n`);
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it.each(Object.entries(services))(
    'leaves nothing of the memory of %s on a disk',
    (name, service) => {
      expect(service.ulimits).toEqual({ core: 0 });
      // Of PostgreSQL all is sealed, and the machine is its own.
      if (name !== 'postgres') expect(service.memswap_limit).toBe(service.mem_limit ?? 'none set');
    },
  );

  it.each(Object.entries(services))('gives %s no power that it does not need', (name, service) => {
    const added = { postgres: 5, proxy: 1 }[name] ?? 0;
    expect(service).toMatchObject({
      read_only: name !== 'postgres',
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(service.cap_add ?? []).toHaveLength(added);
  });
});
