/**
 * Why a delivery did not arrive. `http_status` is any answer but 2xx, a redirect and 410; `timeout`
 * covers all of it, from the name to the answer.
 */
const deliveryFaults = [
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
