/** What lets somebody do anything at a route, and so what must not let anybody else. */
export type RouteRow =
  /** Answers everybody alike. */
  | 'open'
  /** A key of the organisation, of which alone it tells or which alone it changes. */
  | 'own'
  /** Likewise, and it names something that must be the organisation's too. */
  | 'target'
  /** Whoever knows the address, or stands at the right one. */
  | 'address'
  /** A link that was opened in this browser, or a session that may still prove more. */
  | 'visit'
  /** A session of the appointment that it is about. */
  | 'session'
  /** Anybody who is signed in to the ops pages; they see every organisation, and nobody's patients. */
  | 'viewer'
  | 'operator'
  | 'admin';

/**
 * Every route of every listener. One that is missing here, or is no more, fails the tests. Those of
 * the queue's board stand below `/queues`: what reads is a viewer's, what changes is an operator's.
 */
export const routeRows: Readonly<Record<'api' | 'patient' | 'ops', Record<string, RouteRow>>> = {
  api: {
    'GET /.well-known/jwks.json': 'open',
    'GET /livez': 'open',
    'GET /readyz': 'open',
    'GET /openapi.json': 'open',
    'GET /docs': 'open',
    'GET /docs/:guide': 'open',
    'GET /docs/problems/:code': 'open',
    'PUT /v1/appointments/:reference': 'target',
    'GET /v1/appointments/:reference': 'target',
    'DELETE /v1/appointments/:reference': 'target',
    'GET /v1/appointments': 'own',
    'GET /v1/events': 'own',
    'GET /v1/ledger': 'own',
    'GET /v1/incidents': 'own',
    'GET /v1/incidents/:id': 'target',
    'GET /v1/organisation': 'own',
    'PUT /v1/organisation': 'own',
    'GET /v1/send-check': 'own',
    'PUT /v1/send-check': 'own',
    'DELETE /v1/send-check': 'own',
    'POST /v1/send-check/test': 'own',
    'POST /v1/send-check/rotate-secret': 'own',
    'GET /v1/webhook-endpoints': 'own',
    'POST /v1/webhook-endpoints': 'own',
    'GET /v1/webhook-endpoints/:id': 'target',
    'PUT /v1/webhook-endpoints/:id': 'target',
    'DELETE /v1/webhook-endpoints/:id': 'target',
    'POST /v1/webhook-endpoints/:id/rotate-secret': 'target',
    'POST /v1/webhook-endpoints/:id/test': 'target',
    'POST /v1/webhook-endpoints/:id/replay': 'target',
    'GET /v1/webhook-endpoints/:id/failures': 'target',
    'POST /callbacks/twilio/status/:token': 'address',
    'POST /callbacks/twilio/inbound/:secret': 'address',
    'POST /callbacks/email/bounce/:secret': 'address',
  },
  patient: {
    'GET /': 'open',
    'GET /check': 'open',
    'GET /style.css': 'open',
    'GET /passkey.js': 'open',
    'GET /robots.txt': 'open',
    'GET /favicon.ico': 'open',
    'GET /livez': 'open',
    'GET /readyz': 'open',
    'GET /portal/jwks.json': 'open',
    'GET /left': 'open',
    'GET /stopped/:channel': 'open',
    'GET /:token': 'address',
    'GET /stop/:token': 'address',
    'POST /stop/:token': 'address',
    'GET /r': 'visit',
    'GET /prove': 'visit',
    'POST /prove': 'visit',
    'GET /prove/pin': 'visit',
    'POST /prove/pin': 'visit',
    'GET /prove/birth-date': 'visit',
    'POST /prove/birth-date': 'visit',
    'GET /prove/portal': 'visit',
    'GET /portal/start': 'visit',
    'GET /portal/return': 'visit',
    'GET /portal/return/:organisation': 'visit',
    'GET /prove/passkey': 'visit',
    'POST /prove/passkey': 'visit',
    'GET /code': 'visit',
    'POST /code': 'visit',
    'GET /code/send': 'visit',
    'POST /code/send': 'visit',
    'GET /details': 'session',
    'GET /more-time': 'session',
    'POST /more-time': 'session',
    'GET /leave': 'session',
    'POST /leave': 'session',
    'GET /stop': 'session',
    'POST /stop': 'session',
    'GET /passkeys': 'session',
    'POST /passkeys': 'session',
    'GET /passkeys/:id/remove': 'session',
    'POST /passkeys/:id/remove': 'session',
    'GET /held': 'session',
    'POST /held': 'session',
    'GET /erase': 'session',
    'POST /erase': 'session',
  },
  ops: {
    'GET /livez': 'open',
    'GET /readyz': 'open',
    'GET /metrics': 'address',
    'GET /style.css': 'open',
    'GET /favicon.ico': 'open',
    'GET /login': 'open',
    'POST /login': 'open',
    'POST /logout': 'viewer',
    'GET /': 'viewer',
    'GET /find': 'viewer',
    'GET /appointments/:id': 'viewer',
    'GET /incidents': 'viewer',
    'GET /incidents/:id': 'viewer',
    'POST /incidents/:id/close': 'operator',
    'GET /controls': 'viewer',
    'POST /controls/pause': 'operator',
    'GET /controls/resume': 'viewer',
    'POST /controls/resume': 'operator',
    'GET /redrive': 'viewer',
    'POST /redrive': 'operator',
    'GET /reminders/:id/redrive': 'viewer',
    'POST /reminders/:id/redrive': 'operator',
    'GET /log': 'viewer',
    'GET /requests': 'viewer',
    'GET /requests/:id': 'viewer',
    'POST /requests/:id/decide': 'operator',
    'GET /people': 'viewer',
    'POST /people/sign-out-others': 'viewer',
    'GET /people/sessions/:id': 'admin',
    'POST /people/sessions/:id/end': 'admin',
  },
};
