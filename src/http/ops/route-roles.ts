import type { OpsRole } from '../../domain/ops-role.ts';

/**
 * The least role for every page and action behind the sign-in. What is not named here is refused to
 * everybody: a new route says first who may use it. The board of the queue has its own table.
 */
export const routeRoles: Readonly<Record<string, OpsRole>> = {
  'GET /': 'viewer',
  'GET /find': 'viewer',
  'GET /appointments/:id': 'viewer',
  'GET /incidents': 'viewer',
  'GET /incidents/:id': 'viewer',
  'GET /controls': 'viewer',
  'GET /controls/resume': 'viewer',
  'GET /redrive': 'viewer',
  'GET /reminders/:id/redrive': 'viewer',
  'GET /requests': 'viewer',
  'GET /requests/:id': 'viewer',
  'GET /log': 'viewer',
  // Their own sessions; an admin sees everybody's.
  'GET /people': 'viewer',
  'POST /people/sign-out-others': 'viewer',
  'POST /logout': 'viewer',
  'POST /controls/pause': 'operator',
  'POST /controls/resume': 'operator',
  'POST /redrive': 'operator',
  'POST /reminders/:id/redrive': 'operator',
  'POST /incidents/:id/close': 'operator',
  'POST /requests/:id/decide': 'operator',
  'GET /people/sessions/:id': 'admin',
  'POST /people/sessions/:id/end': 'admin',
};

/** @returns undefined for a route that nobody was given */
export function roleFor(method: string, url: string | undefined): OpsRole | undefined {
  const key = `${method === 'HEAD' ? 'GET' : method} ${url}`;
  return Object.hasOwn(routeRoles, key) ? routeRoles[key] : undefined;
}
