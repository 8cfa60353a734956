import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newLinkSecret } from '../../src/keys/link-secret.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  type PageAnswer,
  type PatientPages,
  patientUrl,
  startPatientPages,
} from '../support/patient-pages.ts';
import {
  seedAppointment,
  seededPin,
  seededRequest,
  seedNewVersion,
} from '../support/seed-appointment.ts';

let database: TestDatabase;
let pages: PatientPages;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database);
  organisationId = await database.createOrganisation();
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});

const seed = () => seedAppointment(pages.seed, { organisationId });

/** Everything of an answer that anyone could compare. */
function comparable({ status, headers, body }: PageAnswer) {
  const { date: _date, ...rest } = headers;
  return { status, headers: rest, body };
}

async function mint(): Promise<string> {
  const audience = new URL(patientUrl).host;
  const tokens = createLinkTokens({ keys: await pages.keys.linkKeys(), audience });
  return tokens.mint(newLinkSecret(), tokens.newestSelector).reveal();
}

const change = (statement: string, id: string) => database.admin.query(statement, [id]);

it('a link opens without the right to read what links are found by', async () => {
  const { link } = await seed();
  await database.admin.query('revoke select (lookup) on links from sotto_patient');
  try {
    expect((await pages.visitor().get(`/${link.token}`)).location).toBe('/r');
  } finally {
    await database.admin.query('grant select (lookup) on links to sotto_patient');
  }
});

describe('a link that does not work', () => {
  it('gets one answer, byte for byte, whatever the reason', async () => {
    const [expired, revoked, erased, gone, purged, moved, uncovered, keyless, factorless] =
      await Promise.all(Array.from({ length: 9 }, seed));
    if (
      !expired ||
      !revoked ||
      !erased ||
      !gone ||
      !purged ||
      !moved ||
      !uncovered ||
      !keyless ||
      !factorless
    ) {
      throw new Error('not seeded');
    }
    await change(`update links set expires_at = clock_timestamp() where id = $1`, expired.link.id);
    await change(`update links set revoked_at = clock_timestamp() where id = $1`, revoked.link.id);
    await change(`update appointments set state = 'erased' where id = $1`, erased.id);
    await change(`delete from links where id = $1`, gone.link.id);
    await change(`delete from appointments where id = $1`, purged.id);
    await seedNewVersion(pages.seed, {
      seeded: moved,
      version: 2,
      request: { ...seededRequest, recipient: { phone: '+33639980002', pin: seededPin } },
    });
    await seedNewVersion(pages.seed, {
      seeded: factorless,
      version: 2,
      request: { ...seededRequest, recipient: { phone: '+33639980001' } },
    });
    await change(`delete from content_keys where link_id = $1`, uncovered.link.id);
    await change(
      `update versions set view_month = '2020-01' where appointment_id = $1`,
      keyless.id,
    );
    const tokens = {
      never: `a${'A'.repeat(67)}`,
      unknown: await mint(),
      expired: expired.link.token,
      revoked: revoked.link.token,
      erased: erased.link.token,
      gone: gone.link.token,
      purged: purged.link.token,
      anotherPhone: moved.link.token,
      uncovered: uncovered.link.token,
      keyless: keyless.link.token,
      factorless: factorless.link.token,
    };
    const reference = comparable(await pages.visitor().get('/no-such-page'));
    expect(reference.status).toBe(404);
    expect(reference.body).toContain('Ce lien ne marche plus');
    for (const [reason, token] of Object.entries(tokens)) {
      const answer = await pages.visitor().get(`/${token}`);
      expect({ reason, ...comparable(answer) }).toEqual({ reason, ...reference });
    }
  });

  it('gets the same answer at every later step, when it stops working on the way', async () => {
    const appointment = await seed();
    const reference = comparable(await pages.visitor().get('/no-such-page'));
    const asking = pages.visitor();
    await asking.open(appointment.link.token);
    const proved = pages.visitor();
    await proved.open(appointment.link.token);
    await proved.prove(seededPin);
    await change(
      `update links set revoked_at = clock_timestamp() where id = $1`,
      appointment.link.id,
    );
    expect(comparable(await asking.prove(seededPin))).toEqual(reference);
    expect(comparable(await asking.get('/prove'))).toEqual(reference);
    expect(comparable(await proved.get('/details'))).toEqual(reference);
  });

  it('is refused without a look at the database when it was not minted here, in under 5 ms', async () => {
    const { link } = await seed();
    const before = pages.statements();
    const begun = process.cpuUsage();
    for (let position = 0; position < link.token.length; position += 1) {
      const flipped = link.token[position] === 'A' ? 'Q' : 'A';
      const token = link.token.slice(0, position) + flipped + link.token.slice(position + 1);
      expect((await pages.visitor().get(`/${token}`)).status).toBe(404);
    }
    const used = process.cpuUsage(begun);
    const spellings = ['=', '%20', '%0A', '.', '/', 'A'].flatMap((extra) => [
      `${link.token}${extra}`,
      `${extra}${link.token}`,
    ]);
    const last = link.token.slice(-1);
    const siblings = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      .split('')
      .filter((character) => character !== last)
      .map((character) => link.token.slice(0, -1) + character);
    for (const token of [...spellings, ...siblings, link.token.toLowerCase(), '%ff', '%']) {
      expect((await pages.visitor().get(`/${token}`)).status).toBe(404);
    }
    expect(pages.statements()).toBe(before);
    // Of the processor: what else the machine does costs none of it.
    expect((used.user + used.system) / 1_000 / link.token.length).toBeLessThan(5);
    expect((await pages.visitor().get(`/${link.token}`)).status).toBe(303);
  });
});

describe('opening a link', () => {
  it('has no effect, however often scanners and previews fetch or post it', async () => {
    const { id, link } = await seed();
    const state = async () => {
      const { rows } = await database.admin.query(
        `select to_jsonb(a) as a, to_jsonb(l) as l, to_jsonb(r) as r,
           (select count(*) from events) as events, (select count(*) from factor_failures) as failures,
           (select count(*) from source_failures) as sources, (select count(*) from codes) as codes
         from appointments a join links l on l.appointment_id = a.id
           join reminders r on r.appointment_id = a.id
         where a.id = $1`,
        [id],
      );
      return rows;
    };
    const before = await state();
    for (let time = 0; time < 100; time += 1) {
      const scanner = pages.visitor({
        'user-agent': `scanner/${time % 10}`,
        'sec-purpose': 'prefetch',
      });
      const head = await scanner.head(`/${link.token}`);
      expect([head.status, head.body]).toEqual([303, '']);
      expect((await scanner.get(`/${link.token}`)).status).toBe(303);
      expect((await scanner.get('/r')).step).toBe('landing');
      expect((await scanner.get('/prove')).step).toBe('prove');
    }
    const posted = await pages.visitor().post(`/${link.token}`, { pin: seededPin });
    expect(posted.status).toBe(404);
    expect(await state()).toEqual(before);

    const visitor = pages.visitor();
    await visitor.open(link.token);
    expect((await visitor.prove(seededPin)).status).toBe(303);
  });

  it('takes the token out of the address: no later answer holds it', async () => {
    const { link } = await seed();
    const visitor = pages.visitor();
    const answers = [await visitor.get(`/${link.token}`), await visitor.get('/r')];
    answers.push(await visitor.get('/prove'), await visitor.prove('999999'));
    answers.push(await visitor.prove(seededPin), await visitor.get('/details'));
    answers.push(await visitor.get('/check'), await visitor.get('/nowhere'));
    const secret = link.token.slice(1, 25);
    for (const answer of answers) expect(JSON.stringify(answer)).not.toContain(secret);
    expect(answers[0]?.location).toBe('/r');
  });

  it('ends the session that was running', async () => {
    const [first, second] = [await seed(), await seed()];
    const visitor = pages.visitor();
    await visitor.open(first.link.token);
    await visitor.prove(seededPin);
    expect((await visitor.get('/details')).step).toBe('details');
    await visitor.get(`/${second.link.token}`);
    expect(visitor.cookies.has('__Host-session')).toBe(false);
    expect((await visitor.get('/details')).step).toBeUndefined();

    await visitor.open(first.link.token);
    await visitor.prove(seededPin);
    await visitor.get(`/${await mint()}`);
    expect((await visitor.get('/details')).step).toBeUndefined();
  });

  it('shows before the proof what it shows everyone, whoever sends and whoever receives', async () => {
    const other = await database.createOrganisation({ name: 'Another practice' });
    const one = await seed();
    const two = await seedAppointment(pages.seed, {
      organisationId: other,
      request: {
        start: seededRequest.start,
        timeZone: 'America/Martinique',
        details: { practitioner: 'Dr Autre' },
        recipient: {
          ...{ phone: '+33639980009', language: 'fr', pin: '593827' },
          birthDate: '1951-07-07',
        },
      },
    });
    const seen = async (token: string) => {
      const visitor = pages.visitor();
      await visitor.get(`/${token}`);
      const landing = await visitor.get('/r');
      const question = await visitor.get('/prove');
      const refused = await visitor.prove('111222');
      return [landing, question, refused].map((answer) =>
        answer.body.replaceAll(/name="form" value="[^"]+"/g, ''),
      );
    };
    const [ofOne, ofTwo] = [await seen(one.link.token), await seen(two.link.token)];
    expect(ofOne).toEqual(ofTwo);
    for (const body of ofOne) expect(body).not.toMatch(/og:|3998|\+33|Another|Test organisation/);
    const titles = ofOne.map((body) => /<title>(?:Erreur[^:]*:\s)?([^<]+)/.exec(body)?.[1]);
    expect(new Set(titles).size).toBe(1);
  });
});
