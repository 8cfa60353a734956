/** The API with another way to accept: the same route, checks and answers, and none of the other routes. */
import pg from 'pg';
import { runRole } from '../../../src/cli/run-role.ts';
import { type ApiDeps, buildApi } from '../../../src/http/api/build-api.ts';
import { fileKeyStore, keyStoreFolder } from '../../../src/keys/file-key-store.ts';
import { createRenewedReceipts } from '../../../src/keys/renewed-receipts.ts';
import { createBatchedLookup } from '../../../src/store/batched-lookup.ts';
import { createCredentialLookup } from '../../../src/store/credentials.ts';
import { type Database, openDatabase } from '../../../src/store/database.ts';
import { readOrganisationSettings } from '../../../src/store/organisation-settings.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { type AuthenticateDeps, authenticate } from '../../../src/usecases/authenticate.ts';
import type { CheckContext } from '../../../src/usecases/check-request.ts';
import { type AcceptWay, acceptWays, createAcceptWay } from '../accept-ways.ts';

process.exit(
  await runRole(async (config) => {
    const { ACCEPT_WAY: named } = process.env;
    const way = acceptWays.find((one) => one === named);
    const { DATABASE_URL: url } = config;
    if (!way || !url) throw new Error('ACCEPT_WAY and DATABASE_URL say what is measured');
    const log = createLog({ role: 'api', level: config.LOG_LEVEL });
    const keys = fileKeyStore(keyStoreFolder(config.KEYSTORE));
    // As many connections as one INSERT each can make use of.
    const connectionsMax = way === 'one INSERT each' ? 16 : config.DATABASE_POOL_MAX;
    const database = openDatabase({ url, connectionsMax, applicationName: way });
    const pool = new pg.Pool({ connectionString: url.reveal(), max: connectionsMax });
    const lookUps = lookUpsOf(database, way);
    const app = await buildApi({
      ...{ log, apiUrl: config.API_URL, nowMs: () => performance.now() },
      authenticate: (request) =>
        authenticate(lookUps as Partial<AuthenticateDeps> as AuthenticateDeps, request),
      putAppointment: createAcceptWay(
        { ...lookUps, database, pool, keys, receipts: await createRenewedReceipts(keys) },
        way,
      ),
      // What nobody asks it for.
    } as Partial<ApiDeps> as ApiDeps);
    await app.listen({ host: config.HOST, port: config.API_PORT });
    return {
      async close() {
        await app.close();
        await pool.end();
        await database.close();
      },
    };
  }),
);

/** As the API has them; without a database they are looked up once. */
function lookUpsOf(database: Database, way: AcceptWay) {
  const findCredential = createCredentialLookup(database);
  const organisation = createBatchedLookup<CheckContext['organisation'] | undefined>(
    async (ids) => {
      const read = async (id: string) =>
        [id, await readOrganisationSettings(database, id)] as const;
      return new Map(await Promise.all(ids.map(read)));
    },
  );
  const settings = async (id: string) => {
    const found = await organisation(id);
    if (!found) throw new Error('no organisation');
    return found;
  };
  // That a key is in use is noted once in a while.
  const noteUse = async () => {};
  if (way !== 'no database') return { findCredential, noteUse, organisation: settings };
  return { findCredential: once(findCredential), noteUse, organisation: once(settings) };
}

function once<Key, Value>(find: (key: Key) => Promise<Value>): (key: Key) => Promise<Value> {
  let found: Promise<Value> | undefined;
  return (key) => (found ??= find(key));
}
