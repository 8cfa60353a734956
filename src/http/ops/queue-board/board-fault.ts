import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../../domain/errors.ts';
import { asAppError } from '../../problems.ts';

const texts = {
  belongs_to_controls: {
    status: 403,
    title: 'Not done here',
    text: 'To stop sending, go to Controls: pausing this queue would stop nothing, for workers look for batches by themselves. Here, jobs are retried and removed, and nothing else.',
  },
  read_only: {
    status: 403,
    title: 'Your role may only look',
    text: 'Nothing was changed. An operator or administrator can do it.',
  },
  foreign: {
    status: 403,
    title: 'This did not come from the board',
    text: 'Nothing was changed. Open the board again and repeat it there.',
  },
  not_recorded: {
    status: 503,
    title: 'Nothing was done',
    text: 'It could not be written to the log, and nothing is done without that. Is the database away?',
  },
  refused: {
    status: 409,
    title: 'The job did not allow that',
    text: 'It is gone by now, a worker holds it, or it is in another state. Look again.',
  },
  away: {
    status: 503,
    title: 'The queue does not answer',
    text: 'Reminders still go out: workers look in the database by themselves every two seconds.',
  },
  not_found: { status: 404, title: 'There is nothing here', text: 'The address is wrong.' },
  signed_out: {
    status: 401,
    title: 'You are not signed in',
    text: 'Your session has ended, and nothing was changed. Load the page again to sign in.',
  },
} as const;

/** Why the board does not do something, for the person in front of it. */
export class BoardFault extends Error {
  readonly code: keyof typeof texts;
  constructor(code: keyof typeof texts, options?: { cause: unknown }) {
    super(code, options);
    this.code = code;
  }
}

/** Answers in the form that bull-board shows to people; what is not foreseen is the listener's. */
export function answerBoardFault(
  error: unknown,
  _request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const code = codeOf(error);
  if (!code) throw asAppError(error);
  const { status, title, text } = texts[code];
  return reply.code(status).send({ error: title, message: text });
}

function codeOf(error: unknown): keyof typeof texts | undefined {
  if (error instanceof BoardFault) return error.code;
  if (!(error instanceof AppError)) return undefined;
  if (error.code === 'unavailable') return 'away';
  return error.code === 'unauthenticated' ? 'signed_out' : undefined;
}
