import { html } from 'hono/html';
import type { AppError } from '../../../domain/errors.ts';
import { paths } from '../paths.ts';
import { bareOpsPage } from './ops-page.ts';

interface FaultText {
  readonly title: string;
  readonly text: string;
}

const texts: Readonly<Record<string, FaultText>> = {
  unauthenticated: {
    title: 'You are not signed in',
    text: 'Your session has ended. Sign in, then do it again: nothing was changed.',
  },
  forbidden: {
    title: 'Your role may not do this',
    text: 'Nothing was changed. An operator or administrator can do it.',
  },
  not_found: { title: 'There is nothing here', text: 'The address is wrong, or it was erased.' },
  method_not_allowed: {
    title: 'This address does not take that',
    text: 'Nothing was changed.',
  },
  rate_limited: {
    title: 'Too many at once',
    text: 'Nothing was changed. Try again in a few seconds.',
  },
  busy: { title: 'Somebody else is changing this', text: 'Nothing was changed. Try again.' },
  unavailable: {
    title: 'The database is away',
    text: 'Nothing can be shown or changed, and no reminder goes out, until it answers again.',
  },
  internal: {
    title: 'Something went wrong here',
    text: 'The log of the ops role says what. Look at the overview before you do it again.',
  },
};
const malformed: FaultText = {
  title: 'That could not be read',
  text: 'Nothing was changed. Go back and try again.',
};

/** What a browser is shown for a fault: what it means and whether anything was changed. */
export function faultPage(fault: AppError): string {
  return notePage(texts[fault.code] ?? malformed);
}

/** A form from another page, another session or long ago. */
export function formExpiredPage(): string {
  return notePage({
    title: 'This form is no longer good',
    text: 'Nothing was changed. Open the page again and send its form.',
  });
}

function notePage({ title, text }: FaultText): string {
  return bareOpsPage({
    title,
    content: html`<div class="narrow"><h1>${title}</h1>
<p>${text}</p>
<p><a href="${paths.overview}">To the overview</a></p></div>`,
  });
}
