import type { DeliveryFault } from './webhook.ts';

/** What a booking system answers when it is asked whether a reminder may go out. */
export const sendDecisions = ['proceed', 'drop'] as const;
export type SendDecision = (typeof sendDecisions)[number];

/** What an organisation wants of a reminder that its booking system gives no answer for. */
export const noAnswerPolicies = ['send', 'hold'] as const;
export type NoAnswerPolicy = (typeof noAnswerPolicies)[number];

/** Why there was no answer. `no_decision`: it came, and was not what it should be. */
export type NoAnswerReason = DeliveryFault | 'no_decision' | 'secret_unreadable';

/** What came of one question. */
export type SendAnswer =
  | { readonly kind: SendDecision }
  | {
      readonly kind: 'inconclusive';
      readonly code: NoAnswerReason;
      readonly status?: number | undefined;
    };

/** What is measured of all checks, since each was made. */
export interface SendCheckMeasures {
  readonly proceed: number;
  readonly drop: number;
  readonly inconclusive: number;
  /** Of the one of live mode whose questions have had no answer for the longest; 0 for none. */
  readonly failingForS: number;
}

/** Reads an answer: a JSON object whose `decision` is one of ours. What else it holds is not looked at. */
export function readDecision(text: string): SendDecision | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null || !Object.hasOwn(answer, 'decision')) return;
    const { decision } = answer as { decision: unknown };
    return sendDecisions.find((known) => known === decision);
  } catch {
    return undefined;
  }
}
