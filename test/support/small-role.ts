/** A role of the small system: it listens, and ends when it is told to or when it is alone. */
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { onParentGone, reportReady } from '../../src/supervisor/parent.ts';

const [role = ''] = process.argv.slice(2);
const env = process.env as Record<string, string>;
const folder = env.DATA_DIR ?? '';
writeFileSync(join(folder, `${role}.env.json`), JSON.stringify(env), { mode: 0o600 });
if (existsSync(join(folder, `${role}.broken`))) throw new Error('This role is broken.');

const isStubborn = existsSync(join(folder, `${role}.stubborn`));
const server = createServer((_, response) => response.end(role));
const end = () => {
  if (!isStubborn) server.close();
};
process.on('SIGTERM', end);
onParentGone(end);
server.listen(Number(env[`${role.toUpperCase()}_PORT`] ?? 0), '127.0.0.1', reportReady);
