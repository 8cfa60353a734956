import type { FastifyInstance } from 'fastify';
import { onAnswer, onQuestion } from './asker.ts';
import { askBirthDate, checkBirthDate, holdsBirthDate } from './birth-date-question.ts';
import { offerCode } from './code-routes.ts';
import type { OnceCookie } from './once-cookie.ts';
import type { Pages } from './pages.ts';
import { askForPasskey, type PasskeyVisit } from './passkey-question.ts';
import { paths } from './paths.ts';
import { askPin, checkPin } from './pin-question.ts';
import { askForPortal } from './portal-routes.ts';

/**
 * Asks who is there, and checks the answer: at `/prove` for the strongest factor that can be asked
 * for at this point, and at an address of its own for each.
 */
export function addProveRoutes(
  app: FastifyInstance,
  pages: Pages,
  passkeyCookie: OnceCookie<PasskeyVisit>,
): void {
  app.get(
    paths.prove,
    onQuestion(pages, async (question, { reply }) => {
      const exchange = { question, reply, path: paths.prove };
      const [strongest] = question.reachable;
      // What can be proved has been: back to what it opened.
      if (strongest === undefined) return reply.redirect(paths.details, 303);
      switch (strongest) {
        case 'pin':
          return askPin(exchange);
        case 'birth_date':
          return askBirthDate(exchange);
        case 'portal':
          return askForPortal(exchange);
        case 'passkey':
          return askForPasskey(pages, passkeyCookie, exchange);
        case 'code':
          return offerCode(pages, exchange);
      }
    }),
  );
  // The form says by its fields which question it answers.
  app.post(
    paths.prove,
    onAnswer(pages, async (question, exchange) => {
      const factor = holdsBirthDate(exchange.request) ? 'birth_date' : 'pin';
      if (!question.reachable.includes(factor)) return exchange.reply.redirect(paths.prove, 303);
      const check = factor === 'pin' ? checkPin : checkBirthDate;
      return check(pages, { question, path: paths.prove, ...exchange });
    }),
  );

  for (const { path, factor, ask, check } of [
    { path: paths.provePin, factor: 'pin', ask: askPin, check: checkPin },
    {
      path: paths.proveBirthDate,
      factor: 'birth_date',
      ask: askBirthDate,
      check: checkBirthDate,
    },
  ] as const) {
    app.get(
      path,
      onQuestion(pages, async (question, { reply }) =>
        question.reachable.includes(factor)
          ? ask({ question, path, reply })
          : reply.redirect(paths.prove, 303),
      ),
    );
    app.post(
      path,
      onAnswer(pages, async (question, exchange) =>
        question.reachable.includes(factor)
          ? check(pages, { question, path, ...exchange })
          : exchange.reply.redirect(paths.prove, 303),
      ),
    );
  }
}
