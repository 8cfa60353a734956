import { html } from 'hono/html';
import { paths } from '../paths.ts';
import type { Html } from './html.ts';
import { bareOpsPage } from './ops-page.ts';

export type SignInFault =
  | { readonly kind: 'wrong' | 'missing' | 'foreign' | 'no_passwords' }
  | { readonly kind: 'refused' | 'unregistered' | 'provider_away' }
  | { readonly kind: 'paused'; readonly waitS: number };

/** Field names are part of the contract. What was typed does not come back. */
export function signInPage({
  next,
  ways,
  fault,
}: {
  next: string;
  /** How one may sign in here. */
  ways: { readonly password: boolean; readonly provider: boolean };
  fault?: SignInFault;
}): string {
  return bareOpsPage({
    title: fault ? 'Error: Sign in' : 'Sign in',
    content: html`<div class="narrow">
<h1>Sign in</h1>
${fault ? html`<div class="notice stop" role="alert" id="fault"><p>${textOf(fault)}</p></div>` : ''}
${ways.provider ? html`<p><a class="button" href="${paths.signInElsewhere}?next=${encodeURIComponent(next)}">Sign in with your organisation</a></p>` : ''}
${ways.password ? passwordForm(next, fault) : ''}
<p class="soft">No account? Whoever runs this Sotto makes one: <code>sotto ops-user create --name NAME --role viewer</code>.
${ways.password ? html`With <code>npm start</code>, user and password stand in the terminal.` : ''}</p>
</div>`,
  });
}

function passwordForm(next: string, fault: SignInFault | undefined): Html {
  return html`<form method="post" action="${paths.signIn}" class="stack">
<input type="hidden" name="next" value="${next}">
<div><label for="user">User</label>
<input id="user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required${fault ? html` aria-describedby="fault"` : ''}></div>
<div><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${fault ? html` aria-describedby="fault"` : ''}></div>
<div><button>Sign in</button></div>
</form>`;
}

function textOf(fault: SignInFault): string {
  switch (fault.kind) {
    case 'wrong':
      return 'This user and password do not belong together.';
    case 'missing':
      return 'Enter user and password.';
    case 'foreign':
      return 'This form was sent from another page. Sign in here.';
    case 'no_passwords':
      return 'Passwords are not taken here. Sign in with your organisation.';
    case 'refused':
      return 'The provider of logins did not let you in, or not the way that is asked for here. Try again.';
    case 'unregistered':
      return 'The provider of logins knows you, and nobody here is registered so. Whoever runs this Sotto can: sotto ops-user link.';
    case 'provider_away':
      return 'The provider of logins does not answer. Try again in a moment.';
    case 'paused':
      return `There were too many wrong passwords. Wait ${inWords(fault.waitS)}, then try again.`;
  }
}

function inWords(seconds: number): string {
  if (seconds <= 90) return `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
