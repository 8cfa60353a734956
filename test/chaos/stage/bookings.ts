import { setTimeout as wait } from 'node:timers/promises';
import type { Stage, Tenant } from './stage.ts';

/** One appointment with one reminder, as the booking system that put it remembers it. */
export interface Booking {
  readonly reference: string;
  readonly channel: 'sms' | 'email';
  readonly contact: string;
  readonly dueAtMs: number;
  /** Of the first 2xx. */
  id: string | undefined;
  version: number | undefined;
  acceptedAtMs: number | undefined;
  /** How often it had to ask. */
  tries: number;
  /** When a 2xx said that it is cancelled. */
  cancelledAtMs: number | undefined;
}

/**
 * A booking system: it asks until it is answered 2xx, believes what it was told, and notes whatever
 * answer a booking system must not get.
 */
export interface Bookings {
  readonly all: readonly Booking[];
  readonly wrongAnswers: string[];
  /** Answers that said "later", as they should when something is away. */
  readonly turnedAway: () => number;
  /** Puts one that is due in a moment. Resolves when it is accepted. */
  put(wish?: { channel?: 'sms' | 'email' }): Promise<Booking>;
  /** Puts it once more, as whoever is told that it may be gone. */
  putAgain(booking: Booking): Promise<void>;
  /** Resolves when it is answered, however it stands with the reminder. */
  cancel(booking: Booking): Promise<void>;
  /** Resolves when every question has had its answer. */
  allAnswered(): Promise<void>;
  /** How many questions are open. */
  open(): number;
}

const patienceMs = 25_000;

export function createBookings(options: {
  stage: Stage;
  tenant: Tenant;
  name: string;
  random: () => number;
  /** From when it is first asked for; asked for again after that, it is too late for the reminder. */
  dueInMs: number;
}): Bookings {
  const { stage, tenant, name, random, dueInMs } = options;
  const all: Booking[] = [];
  const wrongAnswers: string[] = [];
  const open = new Set<Promise<unknown>>();
  let turnedAway = 0;

  /** @returns undefined when it must be asked again */
  async function ask(method: string, reference: string, body?: object) {
    try {
      const response = await fetch(`${stage.apiUrl}/v1/appointments/${reference}`, {
        method,
        headers: {
          authorization: `Bearer ${tenant.apiKey}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patienceMs),
      });
      const text = await response.text();
      const isForLater = response.status === 503 && response.headers.has('retry-after');
      if (isForLater || response.status === 408) {
        turnedAway += 1;
        return undefined;
      }
      return { status: response.status, text };
    } catch {
      // Refused, cut, or not answered in time: the booking system cannot know, and asks again.
      return undefined;
    }
  }

  async function untilAnswered(method: string, reference: string, body?: object) {
    for (let tries = 1; ; tries += 1) {
      const answer = await ask(method, reference, body);
      if (answer) {
        const isGone = method === 'DELETE' && answer.status === 404 && tries > 1;
        if (!isGone && (answer.status < 200 || answer.status > 299)) {
          wrongAnswers.push(`${method} was answered ${answer.status} ${answer.text.slice(0, 160)}`);
        }
        return { ...answer, tries };
      }
      await wait(30 + random() * 70);
    }
  }

  function keepOpen<T>(work: Promise<T>): Promise<T> {
    open.add(work);
    return work.finally(() => open.delete(work));
  }

  async function put(channel: 'sms' | 'email'): Promise<Booking> {
    const due = Temporal.Now.instant().add({ milliseconds: dueInMs }).round('second');
    const booking: Booking = {
      reference: `${name}-${all.length}`,
      channel,
      contact: stage.nextContact(channel),
      dueAtMs: due.epochMilliseconds,
      ...{ id: undefined, version: undefined, tries: 0 },
      ...{ acceptedAtMs: undefined, cancelledAtMs: undefined },
    };
    all.push(booking);
    await tell(booking);
    return booking;
  }

  async function tell(booking: Booking): Promise<void> {
    const { reference, channel, contact, dueAtMs } = booking;
    const due = Temporal.Instant.fromEpochMilliseconds(dueAtMs);
    const answer = await untilAnswered('PUT', reference, {
      start: due.add({ hours: 24 }).toString(),
      timeZone: 'Europe/Paris',
      details: { practitioner: 'Dr Example' },
      recipient: {
        [channel === 'sms' ? 'phone' : 'email']: contact,
        ...{ language: 'en', pin: '482913' },
      },
      reminders: [{ before: 'PT24H', channel }],
    });
    booking.tries = answer.tries;
    if (answer.status === 200 || answer.status === 201) {
      const { id, version } = JSON.parse(answer.text);
      booking.id = id;
      booking.version = version;
      booking.acceptedAtMs = Date.now();
    }
  }

  return {
    all,
    wrongAnswers,
    turnedAway: () => turnedAway,
    put: ({ channel = random() < 0.7 ? 'sms' : 'email' } = {}) => keepOpen(put(channel)),
    putAgain: (booking) => keepOpen(tell(booking)),
    cancel: (booking) =>
      keepOpen(
        untilAnswered('DELETE', booking.reference).then(() => {
          booking.cancelledAtMs = Date.now();
        }),
      ),
    async allAnswered() {
      while (open.size > 0) await Promise.all(open);
    },
    open: () => open.size,
  };
}
