/** Why an endpoint gets nothing: its organisation said so, or we gave up. */
export const disabledReasons = [
  'by_request',
  'gone',
  'failing',
  'secret_unreadable',
  'events_gone',
] as const;
export type DisabledReason = (typeof disabledReasons)[number];

/**
 * Why a delivery did not arrive. `http_status` is any answer but 2xx, a redirect and 410; `timeout`
 * covers all of it, from the name to the answer.
 */
export const deliveryFaults = [
  'http_status',
  'redirected',
  'gone',
  'timeout',
  'name_not_found',
  'address_refused',
  'not_connected',
  'connection_lost',
  'tls',
  'bad_answer',
] as const;
export type DeliveryFault = (typeof deliveryFaults)[number];

/** What became of one POST. */
export type DeliveryOutcome =
  | { readonly delivered: true; readonly status: number }
  | { readonly delivered: false; readonly code: DeliveryFault; readonly status?: number };

/** What is measured of all endpoints. */
export interface WebhookMeasures {
  /** Of the oldest event that an enabled endpoint has not got yet; 0 for none. */
  readonly oldestPendingAgeS: number;
  /** Endpoints that we gave up on. */
  readonly disabledCount: number;
}
