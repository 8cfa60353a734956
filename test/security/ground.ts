import { randomUUID } from 'node:crypto';
import { signInAt } from '../support/ops-site.ts';
import type { System } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';

/** Where scanners go, and what they have to bring so that doors open for them. */
export interface Ground {
  readonly apiUrl: string;
  readonly patientUrl: string;
  readonly opsUrl: string;
  /** Host and port of the link host behind nginx, as deploy/ configures it. */
  readonly tlsAddress: string;
  readonly apiKey: string;
  readonly opsCookie: string;
  /** Of somebody who opened a link and stands at its question. */
  readonly patientCookie: string;
  readonly formToken: string;
  readonly reference: string;
}

/** Puts an appointment, opens its link, and signs in at the ops pages. */
export async function prepareGround(
  system: System,
  addresses: Pick<Ground, 'apiUrl' | 'patientUrl' | 'opsUrl' | 'tlsAddress'>,
): Promise<Ground> {
  const reference = `visit-${randomUUID()}`;
  const phone = '+33639980077';
  const body = {
    start: Temporal.Now.instant().round('minute').add({ hours: 72 }).toString(),
    timeZone: 'Europe/Paris',
    details: { practitioner: 'Dr. Scanned' },
    recipient: { phone, language: 'en', pin: '482913', birthDate: '1980-02-14' },
    reminders: [{ before: 'PT1H', channel: 'sms' }],
    notice: 'now',
  };
  const put = await system.call('PUT', `/v1/appointments/${reference}`, body);
  if (put.status !== 201) throw new Error(`putting answered ${put.status} ${put.text}`);
  await system.call('PUT', `/v1/appointments/${reference}`, body);
  const linkOf = async () =>
    /[A-Za-z0-9_-]{68}/.exec(
      (await system.messages()).find(({ to }) => to === phone)?.text ?? '',
    )?.[0];
  await waitFor(async () => (await linkOf()) !== undefined, 30_000);
  const opened = await fetch(`${addresses.patientUrl}/${await linkOf()}`, { redirect: 'manual' });
  const patientCookie = opened.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const question = await fetch(`${addresses.patientUrl}/prove`, {
    headers: { cookie: patientCookie },
  });
  const formToken = /name="form" value="([^"]+)"/.exec(await question.text())?.[1] ?? '';
  if (formToken === '') throw new Error('the link led to no question');
  const { opsUser: name, opsPassword: password, apiKey } = system.facts;
  const opsCookie = await signInAt(addresses.opsUrl, { name, password });
  return { ...addresses, apiKey, opsCookie, patientCookie, formToken, reference };
}
