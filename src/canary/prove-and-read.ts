import {
  type CanaryCase,
  type CanaryVersion,
  canaryBirthDate,
  canaryPin,
} from '../domain/canary-appointment.ts';
import { compareDetails } from './compare-details.ts';
import { createPageVisitor, PageUnlike, type PageVisitor, type SeenPage } from './page-visitor.ts';

/** What a visit came to. */
export type Visited =
  | { readonly kind: 'seen'; readonly findings: readonly string[] }
  /** The link leads nowhere. */
  | { readonly kind: 'gone' }
  /** No code came; another can be asked for later. */
  | { readonly kind: 'no_code' };

/** Waits for the code that is sent to the run's phone from now on; undefined when none comes. */
export type NextCode = () => Promise<() => Promise<string | undefined>>;

/**
 * Opens a link as its patient would, proves with what the branch says, reads what is shown, leaves, and
 * looks whether the page is closed then.
 *
 * @throws {EdgeUnreachable} where the pages do not answer
 */
export async function proveAndRead(input: {
  origin: string;
  link: string;
  run: CanaryCase;
  version: CanaryVersion;
  state: 'booked' | 'moved' | 'cancelled';
  nextCode: NextCode;
}): Promise<Visited> {
  const visitor = createPageVisitor(input.origin);
  try {
    const opened = await visitor.go(input.link);
    if (opened.status === 404) return { kind: 'gone' };
    if (opened.status !== 200 || opened.step !== 'landing') return seen('link');
    await visitor.press('/prove');
    return await prove(visitor, input);
  } catch (error) {
    if (error instanceof PageUnlike) return seen('page');
    throw error;
  }
}

type Input = Parameters<typeof proveAndRead>[0];

async function prove(visitor: PageVisitor, input: Input): Promise<Visited> {
  const { factor } = input.run.branch;
  if (factor === 'pin') {
    const digits = canaryPin(input.run);
    const pin = `${digits.slice(0, 3)} ${digits.slice(3)}`;
    return read(visitor, await visitor.fill({ pin }), input, 'everything');
  }
  if (factor === 'code') return proveByCode(visitor, input);
  const [year = '', month = '', day = ''] = canaryBirthDate(input.run).split('-');
  const page = await visitor.fill({ 'birth-day': day, 'birth-month': month, 'birth-year': year });
  if (factor === 'birth_date') return read(visitor, page, input, 'time');
  const findings = compareDetails(page.html, { ...input, opens: 'time' });
  if (page.step !== 'details' || findings.length > 0) return seen('birth_date', ...findings);
  await visitor.go('/code/send');
  return proveByCode(visitor, input);
}

async function proveByCode(visitor: PageVisitor, input: Input): Promise<Visited> {
  const next = await input.nextCode();
  const page = await visitor.press('/code/send');
  if (page.step !== 'code') return { kind: 'no_code' };
  const code = await next();
  if (code === undefined) return { kind: 'no_code' };
  return read(visitor, await visitor.fill({ code }), input, 'everything');
}

async function read(
  visitor: PageVisitor,
  page: SeenPage,
  input: Input,
  opens: 'time' | 'everything',
): Promise<Visited> {
  if (page.step !== 'details') return seen('proof', `status_${page.status}`, `step_${page.step}`);
  const findings = compareDetails(page.html, { ...input, opens });
  await visitor.press('/leave');
  const after = await visitor.go('/details');
  return seen(...findings, ...(after.step === 'details' ? ['leave'] : []));
}

function seen(...findings: string[]): Visited {
  return { kind: 'seen', findings };
}
