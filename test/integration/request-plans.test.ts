import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseApiKey } from '../../src/keys/api-key.ts';
import { createCredentialLookup, createSigningLookup } from '../../src/store/credentials.ts';
import type { Database } from '../../src/store/database.ts';
import { readOrganisationSettings } from '../../src/store/organisation-settings.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** PostgreSQL plans a statement five times for what is given before it compares that with a plan for all. */
const plannedAnyway = 5;
const requests = 20;

let database: TestDatabase;
let organisationId: string;
let oneConnection: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  organisationId = await database.createOrganisation();
  oneConnection = database.open('api', 1);
});
afterAll(() => database.drop());

it('one plan is kept for each look-up that requests begin with', async () => {
  const { key } = await createApiKey(
    { adminUrl: database.adminUrl },
    { organisationId, mode: 'live' },
  );
  const parsed = parseApiKey(key.reveal());
  assert(parsed);
  const findCredential = createCredentialLookup(oneConnection);
  const findSigner = createSigningLookup(oneConnection);
  for (let request = 0; request < requests; request += 1) {
    expect(await findCredential(parsed.hash)).toMatchObject({ organisationId });
    await findSigner(randomUUID());
    await readOrganisationSettings(oneConnection, organisationId);
  }
  const plans = await oneConnection.query<{ name: string; custom_plans: number }>(
    'select name, custom_plans::int from pg_prepared_statements where generic_plans + custom_plans >= $1',
    [requests],
  );
  expect(plans.map(({ name }) => name).toSorted()).toEqual([
    'bind organisations',
    'bind organisations of credentials',
    'bind organisations of signers',
    'find credentials',
    'find signers',
    'read organisation settings',
  ]);
  expect(plans.filter(({ custom_plans }) => custom_plans > plannedAnyway)).toEqual([]);
});
