import type { Answered, BookingSystem } from '../canary/booking-system.ts';
import { createPageVisitor } from '../canary/page-visitor.ts';
import { proveAndRead } from '../canary/prove-and-read.ts';
import type { PutAnswer } from '../domain/appointment.ts';
import {
  type CanaryCase,
  canaryCancellation,
  canaryReference,
  canaryRequest,
  canaryStale,
  canaryTimes,
} from '../domain/canary-appointment.ts';
import { type CanaryStep, canaryLanguage, canarySteps } from '../domain/canary-branch.ts';
import type { CanaryOutcome } from '../domain/canary-run.ts';
import { verifyReceipt } from '../keys/receipt-verify.ts';
import { canaryMailbox } from './canary-mailbox.ts';
import type { KeptMessage } from './read-canary-messages.ts';

export interface CanaryStepDeps {
  readonly api: BookingSystem;
  readonly patientUrl: string;
  readonly readMessages: () => Promise<readonly KeptMessage[]>;
}

/** What a step waits for: each is waited for as long as it may take, and no longer. */
export type CanaryWait = 'api' | 'patient' | 'refused' | 'message' | 'code' | 'delivery';

export type StepResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'waiting'; readonly for: CanaryWait }
  | {
      readonly kind: 'over';
      readonly outcome: Exclude<CanaryOutcome, 'passed'>;
      readonly findings: readonly string[];
    };

const done: StepResult = { kind: 'done' };
/** After the time at which a message would have gone out that must not. */
const silenceS = 27;

/**
 * Does one step of a run, or sees that it has been done. All of it may be done again.
 *
 * @param input.sinceS since the step was first tried
 * @throws {EdgeUnreachable} where nobody answers
 */
export function runCanaryStep(
  deps: CanaryStepDeps,
  { run, step, sinceS }: { run: CanaryCase; step: CanaryStep; sinceS: number },
): Promise<StepResult> {
  switch (step.does) {
    case 'put':
      return put(deps, run, step);
    case 'receive':
      return receive(deps, run, step.message);
    case 'visit':
      return visit(deps, run, step);
    case 'gone':
      return gone(deps, run, step.message);
    case 'silence':
      return silence(deps, run, sinceS);
    case 'settle':
      return settle(deps, run);
    case 'delete':
    case 'erase':
      return remove(deps, run, step.does);
  }
}

type PutStep = Extract<CanaryStep, { does: 'put' }>;
type Accepted = Omit<PutAnswer, 'created'>;

async function put(deps: CanaryStepDeps, run: CanaryCase, step: PutStep): Promise<StepResult> {
  const body =
    step.as === 'cancelled'
      ? canaryCancellation(run)
      : step.as === 'stale'
        ? canaryStale(run)
        : canaryRequest(run, step.version);
  const answer = await deps.api.put(canaryReference(run), body);
  if (step.as === 'stale') {
    if (answer.ok) return over('different', 'revision');
    return answer.code === 'stale_revision' ? done : refused(answer);
  }
  if (!answer.ok) return refused(answer);
  const { body: accepted } = answer;
  if (run.branch.ending === 'cancel_before' && step.as === 'cancelled') {
    // Its time had come before it could be cancelled: nothing can be said of it.
    const isLate = accepted.reminders.some(({ state }) => state !== 'cancelled');
    if (isLate) return over('interrupted', 'too_late');
  }
  const findings = [
    ...(accepted.language === canaryLanguage(run.branch) ? [] : ['recipient.language']),
    ...(accepted.state === (step.as ?? 'booked') ? [] : ['status']),
    ...(accepted.revision === (body.revision ?? null) ? [] : ['revision']),
    ...(step.as !== undefined || isPlanned(run, step, accepted) ? [] : ['reminders']),
    ...(await receiptFindings(deps, body, accepted)),
  ];
  return findings.length > 0 ? over('different', ...findings) : done;
}

/** Every reminder that was asked for stands at its time, out of quiet hours. */
function isPlanned(run: CanaryCase, { version }: PutStep, { reminders }: Accepted): boolean {
  const owed = reminders.filter(({ skipped }) => skipped === undefined);
  if (run.branch.by === 'plan') return owed.length >= 3;
  return canaryTimes(run, version).plannedAt.every((at) =>
    owed.some(
      ({ channel, sendAt }) =>
        channel === run.branch.channel && sendAt && Temporal.Instant.from(sendAt).equals(at),
    ),
  );
}

/** As a booking system checks it, with nothing but the published keys. */
async function receiptFindings(
  { api }: CanaryStepDeps,
  body: unknown,
  answer: Accepted,
): Promise<string[]> {
  const keys = await api.receiptKeys();
  if (!keys.ok) return ['receipt'];
  const found = verifyReceipt({ body, answer, jwks: keys.body });
  if (found.matches) return [];
  return ['receipt', ...[...found.notNamed, ...found.notSent].map(fieldOf)];
}

async function receive(deps: CanaryStepDeps, run: CanaryCase, message: 1 | 2): Promise<StepResult> {
  const received = await messageOf(deps, run, message);
  if (!received) return { kind: 'waiting', for: 'message' };
  const { by, channel } = run.branch;
  const expected = channel === 'sms' && by !== 'plan' ? 'sms' : 'email';
  if (received.channel !== expected) return over('different', 'channel');
  return received.isNeutral ? done : over('different', 'message');
}

/** The first message, or the newest of those after it. */
async function messageOf(deps: CanaryStepDeps, run: CanaryCase, message: 1 | 2) {
  const mailbox = canaryMailbox({ ...deps, run });
  if (message === 1) return (await mailbox.links(1))[0];
  const received = await mailbox.links(2);
  return run.branch.ending === 'renumber' ? received.at(-1) : received.slice(1).at(-1);
}

async function visit(
  deps: CanaryStepDeps,
  run: CanaryCase,
  step: Extract<CanaryStep, { does: 'visit' }>,
): Promise<StepResult> {
  const { version, state } = step;
  const received = await messageOf(deps, run, step.message);
  // Messages are kept for minutes only: it was there, and this comes too late.
  if (!received?.link) return over('interrupted', 'too_late');
  const mailbox = canaryMailbox({ ...deps, run });
  const visited = await proveAndRead({
    ...{ origin: deps.patientUrl, link: received.link, run, version, state },
    nextCode: () => mailbox.nextCode(version),
  });
  if (visited.kind === 'gone') return over('missing', 'link');
  if (visited.kind === 'no_code') return { kind: 'waiting', for: 'code' };
  return visited.findings.length > 0 ? over('different', ...visited.findings) : done;
}

async function gone(deps: CanaryStepDeps, run: CanaryCase, message: 1 | 2): Promise<StepResult> {
  const received = await messageOf(deps, run, message);
  if (!received?.link) return over('interrupted', 'too_late');
  const { status } = await createPageVisitor(deps.patientUrl).go(received.link);
  if (status >= 500) return { kind: 'waiting', for: 'patient' };
  return status === 404 ? done : over('different', 'link_still_opens');
}

async function silence(deps: CanaryStepDeps, run: CanaryCase, sinceS: number): Promise<StepResult> {
  if ((await messageOf(deps, run, 1)) !== undefined) return over('different', 'sent_after_cancel');
  return sinceS < silenceS ? { kind: 'waiting', for: 'message' } : done;
}

/** Every message that was read is known to have been delivered, and nothing is owed after an end. */
async function settle(deps: CanaryStepDeps, run: CanaryCase): Promise<StepResult> {
  const answer = await deps.api.read(canaryReference(run));
  if (!answer.ok) return answer.status === 404 ? over('missing', 'appointment') : refused(answer);
  const { reminders, state } = answer.body;
  const wanted = canarySteps(run.branch).filter(({ does }) => does === 'receive').length;
  const delivered = reminders.filter((one) => one.state === 'delivered').length;
  if (state === 'cancelled' && reminders.some((one) => one.state === 'scheduled')) {
    return over('different', 'owed_after_cancel');
  }
  return delivered < wanted ? { kind: 'waiting', for: 'delivery' } : done;
}

async function remove(
  deps: CanaryStepDeps,
  run: CanaryCase,
  how: 'delete' | 'erase',
): Promise<StepResult> {
  const call = how === 'erase' ? deps.api.erase : deps.api.remove;
  const answer = await call(canaryReference(run));
  // Gone already: whoever was here before did it, and what the link shows next says whether it was right.
  if (!answer.ok && answer.status === 404) return done;
  if (!answer.ok) return refused(answer);
  const { reminders } = answer.body;
  const isLate = reminders.some(({ state }) => state !== 'cancelled');
  if (isLate && run.branch.ending === 'delete_before') return over('interrupted', 'too_late');
  const isOwed = reminders.some(({ state }) => ['scheduled', 'queued'].includes(state));
  return isOwed ? over('different', 'owed_after_delete') : done;
}

/** A refusal for now is waited out; one of what was put is a difference, for it is always the same. */
function refused(answer: Extract<Answered<unknown>, { ok: false }>): StepResult {
  if (answer.code === 'not_stored') return over('missing', 'not_stored');
  if (answer.status === 429 || answer.status >= 500) return { kind: 'waiting', for: 'refused' };
  return over('different', `refused_${answer.code}`, ...answer.pointers.map(fieldOf));
}

/** A field by the names of its place, as in `details.place.name`. */
function fieldOf(pointer: string): string {
  const name = pointer.replace(/^\//, '').replaceAll('/', '.');
  return /^[A-Za-z0-9.]{1,60}$/.test(name) ? name : 'body';
}

function over(outcome: Exclude<CanaryOutcome, 'passed'>, ...findings: string[]): StepResult {
  return { kind: 'over', outcome, findings };
}
