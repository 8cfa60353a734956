import { setTimeout as wait } from 'node:timers/promises';
import {
  type CanaryCase,
  type CanaryVersion,
  canaryRecipient,
} from '../domain/canary-appointment.ts';
import { canaryLanguage } from '../domain/canary-branch.ts';
import type { Channel } from '../domain/channel.ts';
import { contactPointOf } from '../domain/contact-point.ts';
import { Secret } from '../domain/secret.ts';
import { renderMessage } from '../message/render-message.ts';
import type { KeptMessage } from './read-canary-messages.ts';

const codePatienceMs = 8_000;
const pollMs = 200;

/** A message with a link, as it reached one of a run's contact points. */
export interface ReceivedLink {
  readonly channel: Channel;
  /** Undefined where there is none, or not exactly one, or it leads elsewhere. */
  readonly link: string | undefined;
  /** It is the sentence of the run's language and this link, and nothing else. */
  readonly isNeutral: boolean;
}

/** What has come to the contact points of one run. */
export function canaryMailbox(deps: {
  readMessages: () => Promise<readonly KeptMessage[]>;
  patientUrl: string;
  run: CanaryCase;
}) {
  const { readMessages, patientUrl, run } = deps;

  function isTo({ message }: KeptMessage, version: CanaryVersion): boolean {
    const { channel, to } = message.reveal();
    return to === contactPointOf(canaryRecipient(run, version), channel);
  }

  return {
    /** Messages that tell of the appointment, in the order that they came. */
    async links(version: CanaryVersion): Promise<ReceivedLink[]> {
      const kept = (await readMessages()).filter((one) => isTo(one, version));
      return kept
        .map(({ message }) => message.reveal())
        .filter(({ text }) => codeIn(text) === undefined)
        .map(({ channel, text }) => {
          const link = linkIn(text, patientUrl);
          const isNeutral = link !== undefined && textsWith(run, channel, link).includes(text);
          return { channel, link, isNeutral };
        });
    },
    /** Begins to listen for a code by SMS, and then waits for it. */
    async nextCode(version: CanaryVersion): Promise<() => Promise<string | undefined>> {
      const before = new Set((await readMessages()).map(({ id }) => id));
      return async () => {
        const untilMs = performance.now() + codePatienceMs;
        while (performance.now() < untilMs) {
          const fresh = (await readMessages()).filter((one) => !before.has(one.id));
          const texts = fresh
            .filter((one) => isTo(one, version))
            .map((one) => one.message.reveal());
          const codes = texts.flatMap(({ text }) => codeIn(text) ?? []);
          if (codes[0] !== undefined) return codes[0];
          await wait(pollMs);
        }
        return undefined;
      };
    },
  };
}

/** The last line of an SMS with a code (WICG, origin-bound one-time codes). */
function codeIn(text: string): string | undefined {
  return /(?:^|\n)@\S+ #(\d{6})\s*$/.exec(text)?.[1];
}

function linkIn(text: string, patientUrl: string): string | undefined {
  const links = text.match(/https?:\/\/\S+/g) ?? [];
  const [link = ''] = links;
  const isOurs = link.startsWith(`${patientUrl}/`) && /\/[A-Za-z0-9_-]{68}$/.test(link);
  return links.length === 1 && isOurs ? link : undefined;
}

/** What may have been sent with this link; whether replies are taken is not known here. */
function textsWith({ branch }: CanaryCase, channel: Channel, link: string): string[] {
  const language = canaryLanguage(branch);
  const given = { language, channel, link: new Secret(link) };
  return [true, false].map((optOut) => renderMessage({ ...given, optOut }).text.reveal());
}
