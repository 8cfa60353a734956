import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { filesBelow, processArguments } from './canaries.ts';
import { people } from './canary-people.ts';
import { crawlOps } from './ops-crawl.ts';
import { readRedisFiles, readRedisKeys } from './redis-hunt.ts';
import type { RedisServer } from './redis-server.ts';
import { runCommand } from './run-command.ts';
import type { SandboxMessage, System } from './system.ts';

/** Something of a place, and where it is there. */
export type Find = readonly [where: string, content: string | Buffer];

export const logs = 'the logs at debug level';
export const statements = 'the statements that the database runs';
export const tables = 'the tables, in clear dumps';
export const rawFiles = 'the raw files: database, write-ahead log, journals, keys and the rest';
export const opsPages = 'the pages of operators, from link to link, with board and metrics';
export const commands = 'what sotto doctor, tail and incident print';
export const messages = 'the messages, but for whom they are to';
const everywhere = [
  'the terminal',
  logs,
  'the arguments of processes',
  statements,
  'the tables of the queue',
  tables,
  rawFiles,
  'the answers of the operators’ listener to strangers',
  opsPages,
  commands,
  messages,
] as const;
const ofRedis = ['what Redis holds', 'what Redis was ever told', 'the files of Redis'] as const;

export type Place = (typeof everywhere)[number] | (typeof ofRedis)[number];

export function placeNames({ onRedis }: { onRedis: boolean }): readonly Place[] {
  return onRedis ? [...everywhere, ...ofRedis] : everywhere;
}

/** Where a thief, an operator or a provider might look. Each reads all that is there now. */
export function placesOf(
  system: System,
  redis: { server: RedisServer; told: string[] } | undefined,
) {
  const ofSandbox = (file: string) => /^sandbox(\/|\.json$)/.test(relative(system.dataDir, file));
  const ofLogs = (file: string) => relative(system.dataDir, file).startsWith('logs/');
  const readFiles = (wanted: (file: string) => boolean): Find[] =>
    filesBelow(system.dataDir)
      .filter((file) => wanted(file))
      .map((file) => [relative(system.dataDir, file), readIfThere(file)]);

  return {
    'the terminal': async (): Promise<Find[]> => [['', system.output()]],
    [logs]: async () => readFiles(ofLogs),
    'the arguments of processes': async (): Promise<Find[]> => [['', processArguments()]],
    [statements]: async (): Promise<Find[]> =>
      (await system.look('select query from pg_stat_activity')).map(({ query }) => [
        'query',
        String(query),
      ]),
    'the tables of the queue': () => readTables(system, 'sotto_queue'),
    [tables]: () => readTables(system, 'public'),
    // What plays the outside world keeps what was sent there.
    [rawFiles]: async () => {
      await system.look('checkpoint');
      return readFiles((file) => !ofSandbox(file) && !ofLogs(file));
    },
    'the answers of the operators’ listener to strangers': () =>
      readPages(system.facts.opsUrl, ['/metrics', '/readyz', '/livez', '/', '/find?q=canary-1']),
    [opsPages]: () => {
      const references = Object.values(people).map(({ reference }) => reference);
      return crawlOps(system, { references });
    },
    [commands]: () => readCommands(system),
    [messages]: () => readMessages(system),
    ...(redis && {
      'what Redis holds': () => readRedisKeys(redis.server),
      'what Redis was ever told': async (): Promise<Find[]> =>
        redis.told.map((command) => ['', command]),
      'the files of Redis': () => readRedisFiles(redis.server),
    }),
  };
}

/** PostgreSQL removes files while they are counted. */
function readIfThere(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** A row a find, with bytes in hex. */
async function readTables(system: System, schema: string): Promise<Find[]> {
  const tables = await system.look(
    `select table_name as name from information_schema.tables
     where table_schema = '${schema}' and table_type = 'BASE TABLE'`,
  );
  const rows = tables.map(
    ({ name }) => `select '${name}' as table, to_jsonb(t)::text as row from ${schema}."${name}" t`,
  );
  if (rows.length === 0) return [];
  return (await system.look(rows.join(' union all '))).map(({ table, row }) => [
    String(table),
    String(row),
  ]);
}

async function readPages(origin: string, paths: readonly string[]): Promise<Find[]> {
  return Promise.all(
    paths.map(async (path) => [path, await (await fetch(`${origin}${path}`)).text()] as const),
  );
}

async function readCommands(system: System): Promise<Find[]> {
  const env = { DATA_DIR: system.dataDir };
  const tail = 'tail --since start --once';
  const lines = ['doctor', tail, `${tail} --json`, 'incident list --json'];
  return Promise.all(
    lines.map(async (line): Promise<Find> => {
      const { out, errors } = await runCommand(line.split(' '), { env });
      return [line, `${out}\n${errors}`];
    }),
  );
}

/**
 * Every part of every message but the recipient's own number or address, which stands in the
 * envelope and, of an email, in one header.
 */
async function readMessages(system: System): Promise<Find[]> {
  const messages = await system.messages();
  return (await Promise.all(messages.map((message) => partsOf(system, message)))).flat();
}

async function partsOf(system: System, message: SandboxMessage): Promise<Find[]> {
  const { to, headers, ...parts } = message;
  const finds: Find[] = Object.entries(parts).map(([name, value]) => [name, String(value)]);
  if (message.channel === 'sms') return finds;
  for (const [name, values] of Object.entries(headers ?? {})) {
    const isOwn = name === 'to' && values.length === 1 && values[0] === to;
    if (!isOwn) finds.push([`header ${name}`, values.join('\n')]);
  }
  const raw = (await system.rawMail(message.id)).toString('latin1');
  const own = `\r\nTo: ${to}\r\n`;
  if (!raw.includes(own)) throw new Error('an email is not plainly to whom it went');
  return [...finds, ['as received', Buffer.from(raw.replace(own, '\r\n'), 'latin1')]];
}
