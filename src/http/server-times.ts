/** How long a client of any listener has, as `fastify` takes it. */
export const serverTimes = {
  /** A socket on which nothing moves. */
  connectionTimeout: 30_000,
  /** From the first byte of a request to its last: old phones on slow networks, and no longer. */
  requestTimeout: 20_000,
  /** Longer than the minute that load balancers keep idle connections. */
  keepAliveTimeout: 72_000,
  http: {
    /** Without one of its own Node lets a body have a minute, whatever the time for a request. */
    headersTimeout: 15_000,
    /** How often times are looked at; without it every half minute. */
    connectionsCheckingInterval: 5_000,
  },
} as const;

/** Whether a parser's error is that a request was not there in time: then nothing has been done for it. */
export function isTooSlow(error: { readonly code?: string }): boolean {
  return error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
}
