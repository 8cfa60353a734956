import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { administrator } from '../../src/store/administration.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type CommandAnswer, sottoCommand } from '../support/sotto-command.ts';

const nobody = '00000000-0000-4000-8000-000000000000';
let database: TestDatabase;
let sotto: (...words: string[]) => Promise<CommandAnswer>;
beforeAll(async () => {
  database = await createTestDatabase();
  sotto = sottoCommand(database);
});
afterAll(() => database.drop());

const shown = async (id: string) => JSON.parse((await sotto('org', 'show', id, '--json')).out);
const audit = async (id: string) =>
  (
    await database.admin.query(
      `select actor, subject, reason from audit
       where organisation_id = $1 and action = 'organisation.set' order by id`,
      [id],
    )
  ).rows;

describe('sotto org', () => {
  it('changes settings of one organisation and leaves a line in the audit for each', async () => {
    const mine = await database.createOrganisation({ name: 'Zwei Linden' });
    const other = await database.createOrganisation({ name: 'Anders' });
    const before = await shown(other);
    const wanted = {
      name: 'Drei Linden',
      defaultLanguage: 'nl',
      reminderPlan: [
        { before: 'P7D', channel: 'auto' },
        { before: 'PT2H', channel: 'sms' },
      ],
      quietHours: { start: '22:00', end: '07:30' },
      jitterMinutes: 5,
      daysAheadMax: 90,
      requestsPerMinute: 600,
      remindersPerDay: null,
      countries: ['BE', 'NL'],
    };
    const given = ['--name', 'Drei Linden', '--language=nl', '--plan', 'P1W auto, PT2H sms'];
    given.push('--quiet', '22:00-07:30', '--jitter', '5', '--days-ahead', '90');
    given.push('--requests-per-minute', '600', '--reminders-per-day=none', '--countries=nl, BE');
    const { code, out } = await sotto('org', 'set', mine, ...given);
    expect({ code, out }).toEqual({ code: 0, out: `Set ${Object.keys(wanted).join(', ')}\n` });
    expect(await shown(mine)).toMatchObject({ id: mine, ...wanted });
    expect(await shown(other)).toEqual(before);
    expect(await audit(mine)).toEqual(
      Object.entries(wanted).map(([name, value]) => ({
        actor: administrator,
        subject: `${name}=${JSON.stringify(value)}`,
        reason: null,
      })),
    );
    expect((await sotto('org', 'show', mine)).out).toContain(
      'plan                   P7D auto, PT2H sms\n',
    );

    const listed = await sotto('org', 'list');
    expect(listed.out).toMatch(/^ID +NAME +LANGUAGE +PLAN +MADE\n/);
    expect(listed.out.indexOf(other)).toBeGreaterThan(0);
    expect(listed.out.indexOf(mine)).toBeGreaterThan(listed.out.indexOf(other));
    const none = await sotto(
      'org',
      'set',
      mine,
      '--plan=none',
      '--quiet=none',
      '--requests-per-minute=none',
    );
    expect(none.code).toBe(0);
    expect(await shown(mine)).toMatchObject({
      reminderPlan: [],
      quietHours: null,
      requestsPerMinute: null,
    });
  });

  it('opens everything to a birth date only with a reason, which is kept', async () => {
    const id = await database.createOrganisation();
    const words = ['org', 'set', id, '--birth-date-opens', 'everything'];
    const refused = await sotto(...words);
    expect(refused.code).toBe(2);
    expect(refused.errors).toContain('needs --reason');
    expect(await audit(id)).toEqual([]);
    expect((await sotto(...words, '--reason', 'decided by the board')).code).toBe(0);
    expect(await shown(id)).toMatchObject({ birthDateOpens: 'everything' });
    expect(await audit(id)).toMatchObject([
      { subject: 'birthDateOpens="everything"', reason: 'decided by the board' },
    ]);
    expect(await sotto(...words)).toMatchObject({ code: 0, out: 'It stands so already.\n' });
  });

  it('says of each option what it should have been, and changes nothing', async () => {
    const id = await database.createOrganisation();
    const before = await shown(id);
    const wrong: [string, string][] = [
      ['--language', 'tlh'],
      ['--plan', 'P2D pigeon'],
      ['--quiet', '25:00-08:00'],
      ['--jitter', '-1'],
      ['--days-ahead', '401'],
      ['--requests-per-minute', '0'],
      ['--numbers-per-hour', '50001'],
      ['--countries', 'BE,UK'],
      ['--uncertain', 'maybe'],
      ['--birth-date-opens', 'nothing'],
    ];
    const options = wrong.map(([option, value]) => `${option}=${value}`);
    const { code, out, errors } = await sotto('org', 'set', id, ...options, '--name=Another');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    for (const [option] of wrong) expect(errors).toMatch(new RegExp(`^${option} must be `, 'm'));
    expect(errors).not.toContain('tlh');
    expect(await shown(id)).toEqual(before);
  });

  it('refuses a plan by a channel that is not sent on here, or that days ahead cut off', async () => {
    const id = await database.createOrganisation();
    const emailOnly = sottoCommand(database, { EMAIL_TRANSPORT: 'smtp' });
    const { code, errors } = await emailOnly('org', 'set', id, '--plan', 'P1D email, PT3H sms');
    expect(code).toBe(2);
    expect(errors).toMatch(/^--plan names a channel/);
    const tooLow = await sotto('org', 'set', id, '--days-ahead', '2');
    expect(tooLow.errors).toMatch(/^--days-ahead is too low for the plan/);
  });

  it.each([
    [['org', 'show', nobody], 1, 'No organisation has this id.'],
    [['org', 'set', nobody, '--jitter', '5'], 1, 'No organisation has this id.'],
    [['org', 'set', nobody], 2, 'Say at least one setting.'],
    [['org', 'list', '--jitter', '5'], 2, 'list takes no --jitter.'],
    [['org', 'show'], 2, 'show takes an id.'],
    [['org', 'make'], 2, 'Say one of create, list, show, set.'],
  ])('answers %j with %i', async (words, code, message) => {
    const answer = await sotto(...words);
    expect(answer).toMatchObject({ code, out: '' });
    expect(answer.errors.split('\n')[0]).toBe(message);
  });
});
