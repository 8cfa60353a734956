import type { Factor } from '../../src/domain/factor.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import type { TestDatabase } from '../support/database.ts';
import type { LyingProvider } from '../support/lying-provider.ts';
import {
  formIn,
  type PageAnswer,
  type PatientPages,
  patientUrl,
  type Visitor,
} from '../support/patient-pages.ts';
import {
  type SeededAppointment,
  seedAppointment,
  seededPin,
  seededRequest,
} from '../support/seed-appointment.ts';

/** What is timed, by its class: an answer that somebody is about to give. */
export type Answers = Record<string, () => Promise<PageAnswer>>;

export interface AnswerClasses {
  /** PIN, birth date and code: right, wrong, expired, used, paused, locked. */
  typed(): Promise<Answers>;
  /** Passkey and portal: right, of somebody else, replayed, forged. */
  shown(): Promise<Answers>;
  /** Links: never minted, expired, revoked. */
  links(): Promise<Answers>;
}

/** Of an organisation whose patients log in at this provider. */
export const portalColumns = ({ issuer, clientId }: LyingProvider) => ({
  ...{ portal_issuer: issuer, portal_client_id: clientId },
  ...{ portal_acr_values: ['mfa'], portal_max_age_minutes: 5 },
});

const birthDate = '1980-02-14';
const subject = 'person-1';

/**
 * Makes people about to answer, one of each class at a time, so that all classes meet the same load.
 *
 * @param organisations one whose portal is the provider's, and one without a portal
 */
export async function createAnswerClasses({
  database: { admin },
  pages,
  provider,
  organisations,
}: {
  database: Pick<TestDatabase, 'admin'>;
  pages: PatientPages;
  provider: LyingProvider;
  organisations: { readonly plain: string; readonly withPortal: string };
}): Promise<AnswerClasses> {
  const { plain: organisationId, withPortal } = organisations;
  let sources = 0;
  let phones = 0;

  async function visitorOf({ link }: SeededAppointment): Promise<Visitor> {
    sources += 1;
    // Nobody is slowed for another's wrong answers.
    const source = `10.${Math.floor(sources / 62_500)}.${Math.floor(sources / 250) % 250}.${sources % 250}`;
    const visitor = pages.visitor({ 'x-forwarded-for': source });
    await visitor.open(link.token);
    return visitor;
  }
  const seed = () => seedAppointment(pages.seed, { organisationId });
  const seedPerson = (owner: string) => {
    const recipient = { ...seededRequest.recipient, language: 'en', subject };
    const request = { ...seededRequest, recipient };
    return seedAppointment(pages.seed, { organisationId: owner, request });
  };
  /** By email, so that a code is asked for at once. */
  const seedForCode = (phone: string) => {
    const recipient = { phone, email: 'lea@example.org', language: 'en' };
    const request = { ...seededRequest, recipient };
    return seedAppointment(pages.seed, { organisationId, request, channels: ['email'] });
  };
  function newPhone(): string {
    phones += 1;
    return `+336399${String(phones).padStart(5, '0')}`;
  }

  const lock = ({ id }: SeededAppointment, factor: Factor) =>
    admin.query(
      `insert into factor_failures (organisation_id, appointment_id, factor, failed_count, locked_at, help_code)
       values ($1, $2, $3, 10, clock_timestamp(), 'HELPME')`,
      [organisationId, id, factor],
    );
  const pause = ({ link }: SeededAppointment) =>
    admin.query(
      `insert into source_failures (organisation_id, link_id, source, failed_count, paused_until)
       select $1, $2, source, 5, clock_timestamp() + interval '1 hour' from source_failures
       where link_id = $2
       on conflict (link_id, source) do update set failed_count = 5, paused_until = excluded.paused_until`,
      [organisationId, link.id],
    );
  const setCode = ({ link }: SeededAppointment, column: 'expires_at' | 'used_at') =>
    // So long ago that it is no second press of the same moment.
    admin.query(
      `update codes set ${column} = clock_timestamp() - interval '1 minute' where link_id = $1`,
      [link.id],
    );

  /** One visitor about to give an answer of each class to a question of this factor. */
  async function typedAnswers(
    factor: 'pin' | 'birth_date',
    { right, wrong }: Record<'right' | 'wrong', (visitor: Visitor) => Promise<PageAnswer>>,
  ): Promise<Answers> {
    const appointments = [await seed(), await seed(), await seed(), await seed()] as const;
    const [, , paused, locked] = appointments;
    const visitors = await Promise.all(appointments.map(visitorOf));
    const [ofOne, ofOther, ofPaused, ofLocked] = visitors as [Visitor, Visitor, Visitor, Visitor];
    await wrong(ofPaused);
    await pause(paused);
    await lock(locked, factor);
    return {
      [`${factor} wrong`]: () => wrong(ofOne),
      [`${factor} right`]: () => right(ofOther),
      [`${factor} right, paused`]: () => right(ofPaused),
      [`${factor} right, locked`]: () => right(ofLocked),
    };
  }

  async function withCode() {
    const phone = newPhone();
    const appointment = await seedForCode(phone);
    const visitor = await visitorOf(appointment);
    await visitor.askForCode();
    const text = pages.phone.sends.find(({ to }) => to === phone)?.text ?? '';
    return { appointment, visitor, code: /\b(\d{6})\b/.exec(text)?.[1] ?? '' };
  }

  async function codeAnswers(): Promise<Answers> {
    const [wrong, right, expired, used, paused, locked] = await Promise.all([
      ...[withCode(), withCode(), withCode()],
      ...[withCode(), withCode(), withCode()],
    ] as const);
    await setCode(expired.appointment, 'expires_at');
    await setCode(used.appointment, 'used_at');
    await paused.visitor.proveCode(otherThan(paused.code));
    await pause(paused.appointment);
    await lock(locked.appointment, 'code');
    const unasked = await visitorOf(await seedForCode(newPhone()));
    return {
      'code wrong': () => wrong.visitor.proveCode(otherThan(wrong.code)),
      'code right': () => right.visitor.proveCode(right.code),
      'code expired': () => expired.visitor.proveCode(expired.code),
      'code used': () => used.visitor.proveCode(used.code),
      'code right, paused': () => paused.visitor.proveCode(paused.code),
      'code right, locked': () => locked.visitor.proveCode(locked.code),
      'code never sent': () => unasked.proveCode('593827'),
    };
  }

  const [phone, stranger] = [createAuthenticator(patientUrl), createAuthenticator(patientUrl)];
  await makePasskey();

  async function makePasskey(): Promise<void> {
    const visitor = await visitorOf(await seedPerson(organisationId));
    await visitor.get('/prove/pin');
    await visitor.prove(seededPin);
    const { body } = await visitor.get('/passkeys');
    const passkey = phone.create(optionsIn(body));
    await visitor.post('/passkeys', { form: formIn(body) ?? '', passkey });
    stranger.create(optionsIn(body));
    // From here on a count of 1 goes back.
    for (const _use of [1, 2]) await (await askedForPasskey()).answer(phone);
  }

  /** Somebody whose phone is asked for the passkey. */
  async function askedForPasskey() {
    const visitor = await visitorOf(await seedPerson(organisationId));
    const { body } = await visitor.get('/prove/passkey');
    const options = optionsIn(body);
    return {
      answer: (by: typeof phone, manner = {}) =>
        visitor.post('/prove/passkey', {
          form: formIn(body) ?? '',
          passkey: by.get(options, manner),
        }),
    };
  }

  async function passkeyAnswers(): Promise<Answers> {
    const [right, ofOther, elsewhere, back, again] = await Promise.all([
      ...[askedForPasskey(), askedForPasskey(), askedForPasskey()],
      ...[askedForPasskey(), askedForPasskey()],
    ] as const);
    await again.answer(stranger);
    return {
      'passkey right': () => right.answer(phone),
      'passkey of somebody else': () => ofOther.answer(stranger),
      'passkey to another question': () => elsewhere.answer(phone, { challenge: 'x'.repeat(43) }),
      'passkey counted back': () => back.answer(phone, { count: 1 }),
      'passkey asked no more': () => again.answer(phone),
    };
  }

  /** Somebody who is about to come back from the portal, where they logged in as this one. */
  async function backFromPortal(who: string, changes: Record<string, string> = {}) {
    const visitor = await visitorOf(await seedPerson(withPortal));
    await visitor.get('/prove/birth-date');
    await visitor.proveBirthDate(birthDate);
    const { location = '' } = await visitor.get('/portal/start');
    const { searchParams } = new URL(location);
    const code = crypto.randomUUID();
    provider.logins.set(code, { subject: who, nonce: searchParams.get('nonce') ?? '' });
    const { pathname } = new URL(searchParams.get('redirect_uri') ?? '');
    const state = searchParams.get('state') ?? '';
    const query = new URLSearchParams({ code, state, iss: provider.issuer, ...changes });
    return () => visitor.get(`${pathname}?${query}`);
  }

  async function portalAnswers(): Promise<Answers> {
    const [right, ofOther, forged, again] = await Promise.all([
      ...[backFromPortal(subject), backFromPortal('person-2')],
      ...[backFromPortal(subject, { state: 'x'.repeat(43) }), backFromPortal('person-2')],
    ] as const);
    await again();
    return {
      'portal right': right,
      'portal as somebody else': ofOther,
      'portal forged': forged,
      'portal a second time': again,
    };
  }

  return {
    typed: async () => ({
      ...(await typedAnswers('pin', {
        right: (visitor) => visitor.prove(seededPin),
        wrong: (visitor) => visitor.prove('593827'),
      })),
      ...(await typedAnswers('birth_date', {
        right: (visitor) => visitor.proveBirthDate(birthDate),
        wrong: (visitor) => visitor.proveBirthDate('1980-02-15'),
      })),
      ...(await codeAnswers()),
    }),
    shown: async () => ({ ...(await passkeyAnswers()), ...(await portalAnswers()) }),
    async links() {
      const [expired, revoked] = [await seed(), await seed()];
      const end = (column: 'expires_at' | 'revoked_at', { link }: SeededAppointment) =>
        admin.query(`update links set ${column} = clock_timestamp() where id = $1`, [link.id]);
      await end('expires_at', expired);
      await end('revoked_at', revoked);
      const open = (token: string) => () => pages.visitor().get(`/${token}`);
      return {
        'link never minted': open(`a${'A'.repeat(67)}`),
        'link expired': open(expired.link.token),
        'link revoked': open(revoked.link.token),
      };
    },
  };
}

const otherThan = (code: string) => (code === '593827' ? '593828' : '593827');

function optionsIn(body: string): unknown {
  const text = /data-options="([^"]*)"/.exec(body)?.[1] ?? 'null';
  return JSON.parse(text.replaceAll('&quot;', '"'));
}
