import { Secret } from '../../../src/domain/secret.ts';
import { signedPost } from '../../../src/sandbox/signed-post.ts';
import type { AcceptedMessage } from '../../support/messages-peer.ts';
import type { Scenario, Scene } from '../scenario.ts';

type Fate = 'lost' | 'delivered' | 'undelivered';

/** What the provider's last word on a number was. */
const lastWords = new WeakMap<Scene, Map<string, Fate>>();
const told = new WeakMap<Scene, number>();

export const callbacks: Scenario = {
  name: 'callbacks',
  fault: 'delivery receipts lost, doubled five times, out of order, forged, for nobody, a day late',
  rounds: { full: 15, least: 2 },
  perSecond: 20,
  async prepare(scene) {
    lastWords.set(scene, new Map());
    return undefined;
  },
  async round(scene) {
    const { stage, random, bookings, untilMore } = scene;
    await untilMore(20);
    const mine = new Set(bookings.all.map(({ contact }) => contact));
    const news = stage.phones.accepted.slice(told.get(scene) ?? 0);
    told.set(scene, stage.phones.accepted.length);
    for (const message of news.filter(({ to }) => mine.has(to))) {
      const fate = random.anyOf(['lost', 'delivered', 'delivered', 'undelivered'] as const);
      lastWords.get(scene)?.set(message.to, fate);
      if (random() < 0.2) await makeADayOld(scene, message);
      const words = fate === 'lost' ? [] : ['sent', fate];
      const posts = [
        ...Array.from({ length: random.anyOf([1, 5]) }, () => words).flat(),
        ...(random() < 0.3 ? ['queued', 'sending'] : []),
      ];
      for (const word of random.shuffled(posts)) await tell(scene, message, word);
      if (random() < 0.5) await tell(scene, message, 'undelivered', 'forged');
      if (random() < 0.1) {
        const nobody = { ...message, attemptToken: 'A'.repeat(message.attemptToken.length) };
        await tell(scene, nobody, 'delivered', 'signed', [204, 404]);
      }
    }
  },
  async check(scene) {
    const { stage, tenant, bookings, breach } = scene;
    const rows = await stage.rows<{ reference: string; state: string }>(
      `select a.reference, r.state from reminders r join appointments a on a.id = r.appointment_id
       where a.organisation_id = $1`,
      [tenant.organisationId],
    );
    const states = new Map(rows.map(({ reference, state }) => [reference, state]));
    for (const { reference, contact } of bookings.all) {
      const fate = lastWords.get(scene)?.get(contact);
      const state = states.get(reference) ?? '';
      if (fate === undefined || state === (fate === 'lost' ? 'sent' : fate)) continue;
      breach(`${reference} is ${state}, and the provider's last word was ${fate}`);
    }
    const left = await stage.rows('select from sealed_callbacks');
    if (left.length > 0) breach(`${left.length} callbacks were not worked off`);
  },
};

async function tell(
  scene: Scene,
  message: AcceptedMessage,
  word: string,
  how: 'signed' | 'forged' = 'signed',
  wanted: readonly number[] = [204],
): Promise<void> {
  const { stage, breach } = scene;
  const url = `${stage.apiUrl}/callbacks/twilio/status/${message.attemptToken}`;
  const { body, headers } = signedPost(
    url,
    {
      ...{ MessageSid: message.providerId, MessageStatus: word, To: message.to },
      ...{ AccountSid: `AC${'0'.repeat(32)}` },
      ...(word === 'undelivered' && { ErrorCode: '30003' }),
    },
    new Secret(how === 'signed' ? stage.authToken : 'not the token'),
  );
  const { status } = await fetch(url, { method: 'POST', body, headers });
  if (!wanted.includes(status)) breach(`a ${how} receipt was answered ${status}`);
}

/** The provider is a day behind with its word. */
async function makeADayOld({ stage }: Scene, { attemptToken }: AcceptedMessage): Promise<void> {
  await stage.rows(
    `update attempts set started_at = started_at - interval '1 day',
       ended_at = ended_at - interval '1 day' where token = $1`,
    [Buffer.from(attemptToken, 'base64url')],
  );
}
