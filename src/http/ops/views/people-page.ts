import { html } from 'hono/html';
import type { OpsUser, People, RunningSession } from '../../../usecases/manage-sessions.ts';
import type { ActionReason } from '../action-reason.ts';
import { paths } from '../paths.ts';
import type { OpsVisitor } from '../visitor.ts';
import { actionForm, titleOf } from './action-form.ts';
import type { Html } from './html.ts';
import { moment } from './moment.ts';
import { opsPage } from './ops-page.ts';
import { postForm } from './post-form.ts';

const ways = { password: 'password', openid: 'provider of logins' } as const;

/** Who may sign in, and which sessions run. */
export function peoplePage({
  visitor,
  people,
  done,
  now,
}: {
  visitor: OpsVisitor;
  people: People;
  done: string | undefined;
  now: Date;
}): string {
  const { users, sessions } = people;
  const isAdmin = visitor.role === 'admin';
  return opsPage({
    title: 'People',
    visitor,
    current: 'people',
    content: html`<h1>People</h1>
${done ? html`<div class="notice ok" role="status"><p>${done}</p></div>` : ''}
<h2>${isAdmin ? 'Signed in' : 'Where you are signed in'}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Sessions"><table>
<thead><tr><th scope="col">Who</th><th scope="col">Since</th><th scope="col">Last click</th><th scope="col">With</th>${isAdmin ? html`<th scope="col">End it</th>` : ''}</tr></thead>
<tbody>${sessions.map((session) => sessionRow(session, { visitor, now }))}</tbody></table></div>
${postForm({ visitor, action: paths.signOutOthers, content: html`<button class="quiet">Sign me out everywhere else</button>` })}
${isAdmin ? usersOf(users, now) : ''}`,
  });
}

function sessionRow(
  session: RunningSession,
  { visitor, now }: { visitor: OpsVisitor; now: Date },
): Html {
  const isThis = session.id === visitor.sessionId;
  return html`<tr><td>${session.name}${isThis ? ' (this session)' : ''}</td><td>${moment(session.createdAt, now)}</td><td>${moment(session.lastSeenAt, now)}</td><td>${ways[session.way]}</td>${visitor.role === 'admin' ? html`<td><a href="${paths.session(session.id)}">End …</a></td>` : ''}</tr>`;
}

function usersOf(users: readonly OpsUser[], now: Date): Html {
  return html`<h2>Who may sign in</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Users"><table>
<thead><tr><th scope="col">Who</th><th scope="col">Role</th><th scope="col">With</th><th scope="col">Since</th></tr></thead>
<tbody>${users.map(
    (user) =>
      html`<tr><td>${user.name}</td><td>${user.role}</td><td>${withWhat(user)}</td><td>${user.disabledAt ? html`disabled ${moment(user.disabledAt, now)}` : moment(user.createdAt, now)}</td></tr>`,
  )}</tbody></table></div>
<p>Users are made, given another role and disabled on the command line: <code>sotto ops-user --help</code>. All of it holds from their next request on.</p>`;
}

function withWhat({ hasPassword, hasLogin }: OpsUser): string {
  const all = [...(hasPassword ? [ways.password] : []), ...(hasLogin ? [ways.openid] : [])];
  return all.join(', ') || 'nothing yet';
}

/** One session, and the way to end it. */
export function sessionPage({
  visitor,
  session,
  reason,
  now,
}: {
  visitor: OpsVisitor;
  session: RunningSession;
  reason?: ActionReason | undefined;
  now: Date;
}): string {
  const title = `End a session of ${session.name}`;
  return opsPage({
    title: titleOf(title, reason),
    visitor,
    current: 'people',
    content: html`<div class="narrow"><h1>${title}</h1>
<p>Since ${moment(session.createdAt, now)}, last click ${moment(session.lastSeenAt, now)}. They have to sign in again. To keep somebody out, disable them: <code>sotto ops-user disable ${session.name}</code></p>
${actionForm({ visitor, action: paths.endSession(session.id), button: 'End it', danger: true, reason })}
<p><a href="${paths.people}">Leave it</a></p></div>`,
  });
}
