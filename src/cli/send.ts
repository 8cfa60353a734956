import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Config } from '../../config/env.ts';
import { isTrivialPin } from '../domain/pin.ts';
import { type ApiAccess, apiAccess } from './api-access.ts';
import { callApi, problemIn } from './call-api.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';
import { type GivenContact, readContact } from './read-contact.ts';
import { type Settled, untilAnswered } from './until-answered.ts';

/** One that France reserves for fiction, so it belongs to nobody; and none that the guides use. */
const nobodysPhone = { number: '+33639980050', shown: '+33 6 39 98 00 50' };
const patienceMs = 10_000;
const outcomePatienceMs = 15_000;
const receiptPatienceMs = 5_000;
const pollMs = 250;

const underWay = ['scheduled', 'queued', 'sending'];
const well = ['sent', 'delivered'];

interface Values {
  readonly to?: boolean | undefined;
  readonly language?: string | undefined;
  readonly organisation?: string | undefined;
  readonly json?: boolean | undefined;
}

/** 200 is what a repeated PUT gets: the first one arrived, and its answer was lost. */
const acceptance = z.object({
  status: z.literal([200, 201]),
  body: z.object({ reference: z.string() }),
});
const stateAnswer = z.object({ reminders: z.array(z.object({ state: z.string() })) });

/** `sotto send`. */
export async function runSend(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  values: Values,
): Promise<number> {
  const access = apiAccess(config, env, values);
  if (access.mode === 'live' && !values.to) {
    throw new CommandError('This key is live: say to whom, with --to.');
  }
  const contact: GivenContact = values.to
    ? await readContact()
    : { channel: 'sms', text: nobodysPhone.number };
  const reference = `demo-send-${randomBytes(4).toString('hex')}`;
  const pin = newPin();
  const put = await ask(access, {
    method: 'PUT',
    path: `/v1/appointments/${reference}`,
    body: JSON.stringify(appointment({ contact, pin, language: values.language })),
  });
  if (!acceptance.safeParse(put).success) {
    throw new CommandError(refusal(put), { exitCode: exitCodes.failed });
  }
  // No mail server says that a message arrived.
  const hasReceipt = contact.channel === 'sms';
  const state = await untilSettled(access, { reference, hasReceipt });
  if (values.json) {
    console.log(JSON.stringify({ reference, pin, state, sandboxUrl: access.sandboxUrl ?? null }));
  } else {
    console.log(
      [
        `${reference}: ${state}.`,
        access.sandboxUrl
          ? `Look at ${access.sandboxUrl}${values.to ? '' : `, phone ${nobodysPhone.shown}`}: open the link and type the PIN.`
          : 'Open the link in the message and type the PIN.',
        `PIN: ${pin}`,
      ].join('\n'),
    );
  }
  if (well.includes(state)) return exitCodes.fine;
  if (underWay.includes(state)) {
    console.error('It has not gone out yet. Are scheduler and worker running, and nothing paused?');
  }
  return exitCodes.failed;
}

function appointment({
  contact,
  pin,
  language = 'en',
}: {
  contact: GivenContact;
  pin: string;
  language: string | undefined;
}) {
  const start = Temporal.Now.zonedDateTimeISO()
    .add({ days: 3 })
    .withPlainTime('10:30')
    .toString({ timeZoneName: 'never', smallestUnit: 'second' });
  return {
    start,
    timeZone: Temporal.Now.timeZoneId(),
    notice: 'now',
    details: {
      practitioner: 'Dr Demo',
      place: { name: 'Demo practice', address: '1 Demo Street' },
      instructions: 'This appointment is a demo. You need not come.',
    },
    recipient: { [contact.channel === 'sms' ? 'phone' : 'email']: contact.text, language, pin },
    reminders: [],
  };
}

function newPin(): string {
  for (;;) {
    const pin = String(randomInt(1_000_000)).padStart(6, '0');
    if (!isTrivialPin(pin)) return pin;
  }
}

/** The state of its one message, once that is known, or as it stands when patience ends. */
async function untilSettled(
  access: ApiAccess,
  { reference, hasReceipt }: { reference: string; hasReceipt: boolean },
): Promise<string> {
  const beganMs = performance.now();
  for (;;) {
    const answer = await ask(access, { method: 'GET', path: `/v1/appointments/${reference}` });
    const state = stateAnswer.safeParse(answer.body).data?.reminders[0]?.state ?? 'unknown';
    const worthMs = underWay.includes(state) ? outcomePatienceMs : receiptPatienceMs;
    const isOpen = underWay.includes(state) || (state === 'sent' && hasReceipt);
    if (!isOpen || performance.now() - beganMs > worthMs) return state;
    await wait(pollMs);
  }
}

async function ask(
  access: ApiAccess,
  call: Parameters<typeof callApi>[1],
): Promise<Exclude<Settled, string>> {
  const signal = new AbortController().signal;
  const answer = await untilAnswered(
    { signal, patienceMs, waitMaxMs: patienceMs, closedUntilMs: 0 },
    () => callApi(access, call),
  );
  if (typeof answer !== 'string') return answer;
  throw new CommandError(`The API at ${access.url} does not answer. Is it running?`, {
    exitCode: exitCodes.failed,
  });
}

function refusal({ status, body }: { status: number; body: unknown }): string {
  const { code, errors = [] } = problemIn(body);
  const fields = errors.map(({ pointer, code: fault }) => `\n  ${pointer}: ${fault}`);
  return `The API refuses: ${code} (${status}).${fields.join('')}`;
}
