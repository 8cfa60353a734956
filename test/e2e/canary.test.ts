import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canaryOrganisationId } from '../../src/domain/canary-branch.ts';
import { type System, startSystem } from '../support/system.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem({ CANARY: 'on' });
}, 90_000);
afterAll(() => system?.stop());

async function sotto(...args: string[]): Promise<string> {
  const env = { ...process.env, DATA_DIR: system.dataDir };
  const ran = promisify(execFile)(process.execPath, ['src/cli.ts', ...args], { env });
  return (await ran).stdout;
}

/** Those that wait for nothing but their message. */
const quick = ['new_number', 'arabic_cancel', 'place_without_name', 'birth_date_then_code'];

describe('the canary of a running Sotto', () => {
  it('comes through every door as it was put, and shows among nobody’s patients', async () => {
    const ran = await Promise.all(quick.map((name) => sotto('canary', '--branch', name, '--json')));
    for (const [place, text] of ran.entries()) {
      expect(JSON.parse(text).runs).toEqual([
        expect.objectContaining({ branch: quick[place], outcome: 'passed', findings: [] }),
      ]);
    }

    // Each message and code reached the canary, and no phone or mailbox of the sandbox.
    const messages = await system.messages();
    expect(messages.filter(({ to }) => /555 ?01|birds\.example/i.test(to))).toEqual([]);
    const attempts = await system.look(
      `select transport, count(*)::int as count from attempts
       where organisation_id = '${canaryOrganisationId}' group by 1`,
    );
    expect(attempts).toEqual([{ transport: 'canary', count: expect.any(Number) }]);

    expect(JSON.parse(await sotto('org', 'list', '--json'))).not.toContainEqual(
      expect.objectContaining({ id: canaryOrganisationId }),
    );
    const metrics = await (await fetch(`${system.facts.opsUrl}/metrics`)).text();
    const [, passedAt = '0'] =
      /^sotto_canary_last_success_timestamp_seconds (\S+)$/m.exec(metrics) ?? [];
    expect(Date.now() / 1_000 - Number(passedAt)).toBeLessThan(120);
    expect(metrics).toMatch(/^sotto_canary_branches_failing 0$/m);
  });

  it('is written down by nobody in the clear, in database or log', async () => {
    const texts = await system.look(
      `select * from canary_runs r where r::text ~ 'Léa|Dr\\. Søren|Birds\\.Example|555 01'`,
    );
    expect(texts).toEqual([]);
    const kept = await system.look(
      'select encode(sealed, $$escape$$) as sealed from canary_messages',
    );
    expect(kept.length).toBeGreaterThan(0);
    for (const { sealed } of kept) expect(String(sealed)).not.toContain('http');
    expect(system.output()).not.toMatch(/Birds\.Example|555 01/i);
  });
});
