import { expect, it } from 'vitest';
import { serverTimes } from '../../src/http/server-times.ts';

it('a client has 15 seconds for headers and 20 for a request, looked at every five', () => {
  expect(serverTimes).toMatchObject({
    requestTimeout: 20_000,
    http: { headersTimeout: 15_000, connectionsCheckingInterval: 5_000 },
  });
});
