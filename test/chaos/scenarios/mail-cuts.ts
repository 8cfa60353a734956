import { setTimeout as wait } from 'node:timers/promises';
import { type Misbehaviour, type SmtpMoment, smtpMoments } from '../../support/smtp-peer.ts';
import type { Scenario } from '../scenario.ts';

/** Without TLS and a password, as the workers speak to the peer here. */
const moments = smtpMoments.filter((moment) => !['STARTTLS', 'AUTH'].includes(moment));
/** So long a busy machine may take until the first is handed over. */
const untilCutMs = 10_000;
const afterItWasAskedFor: readonly SmtpMoment[] = ['body', 'dot'];

export const mailCuts: Scenario = {
  name: 'mail-cuts',
  fault:
    'a mail server that cuts off or falls silent at each verb; only what it asked for is in doubt',
  rounds: { full: 28, least: moments.length },
  perSecond: 0,
  async round({ stage, random, book, note, untilMore }, number) {
    const at = moments[number % moments.length] ?? 'banner';
    const does = random.anyOf(['cut', 'reset', 'reset'] as const);
    const takes = random() < 0.5;
    const misbehaviour: Misbehaviour = { at, does, takes };
    // Who is connected already has the greeting behind him.
    stage.mail.cutAll();
    stage.mail.misbehave = misbehaviour;
    const before = stage.mail.misbehaved();
    const booked = await book(4, 'email');
    const lastDueAtMs = Math.max(...booked.map(({ dueAtMs }) => dueAtMs));
    while (stage.mail.misbehaved() === before && Date.now() < lastDueAtMs + untilCutMs)
      await wait(50);
    await wait(Math.max(0, lastDueAtMs - Date.now()) + 1_200);
    stage.mail.misbehave = undefined;
    if (stage.mail.misbehaved() === before) note('nobody cut off');
    note(afterItWasAskedFor.includes(at) ? 'after 354' : 'before 354');
    await untilMore(1, 3_000);
  },
  async check({ stage, tenant, bookings, breach }, { uncertainMade }) {
    const doubted = await stage.rows<{ reference: string }>(
      `select distinct reference from events where organisation_id = $1 and to_state = 'uncertain'`,
      [tenant.organisationId],
    );
    const contacts = new Map(bookings.all.map(({ reference, contact }) => [reference, contact]));
    for (const { reference } of doubted) {
      if (stage.mail.askedFor.has(contacts.get(reference) ?? '')) continue;
      breach(`${reference} came into doubt, and the server had not asked for it`);
    }
    if (uncertainMade === 0) breach('nothing came into doubt: nothing was cut after 354');
  },
};
