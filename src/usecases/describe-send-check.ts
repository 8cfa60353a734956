import type { NoAnswerPolicy } from '../domain/send-check.ts';
import type { StoredSendCheck } from '../store/send-checks.ts';

/** A send-time check, as told to keys with scope `settings`. Times are RFC 3339 in UTC. */
export interface SendCheckAnswer {
  readonly url: string;
  readonly onNoAnswer: NoAnswerPolicy;
  readonly createdAt: string;
  readonly answeredAt: string | null;
  /** While questions get no answer. */
  readonly failing: {
    readonly since: string;
    readonly code: string;
    readonly status: number | null;
  } | null;
  readonly counts: StoredSendCheck['counts'];
  readonly test: {
    readonly id: string;
    readonly requestedAt: string;
    readonly endedAt: string | null;
    readonly result: string | null;
    readonly status: number | null;
  } | null;
  readonly oldSecretEndsAt: string | null;
}

export function describeSendCheck(check: StoredSendCheck): SendCheckAnswer {
  const { failing, test } = check;
  return {
    url: check.url.reveal(),
    onNoAnswer: check.onNoAnswer,
    createdAt: check.createdAt.toISOString(),
    answeredAt: check.answeredAt?.toISOString() ?? null,
    failing: failing && { ...failing, since: failing.since.toISOString() },
    counts: check.counts,
    test: test && {
      id: test.id,
      requestedAt: test.requestedAt.toISOString(),
      endedAt: test.endedAt?.toISOString() ?? null,
      result: test.code,
      status: test.status,
    },
    oldSecretEndsAt: check.oldSecretEndsAt?.toISOString() ?? null,
  };
}
