import {
  changeWebhookEndpoint,
  deleteWebhookEndpoint,
  replayWebhookEvents,
  rotateWebhookSecret,
  testWebhookEndpoint,
} from './change-webhook-endpoint.ts';
import { createWebhookEndpoint, type WebhookDeps } from './create-webhook-endpoint.ts';
import {
  listWebhookEndpoints,
  listWebhookFailures,
  readWebhookEndpoint,
} from './read-webhook-endpoints.ts';

type InputOf<UseCase extends (deps: WebhookDeps, input: never) => unknown> = Parameters<UseCase>[1];

/** What an organisation can do with its endpoints, bound to what that takes. */
export function webhookUseCases(deps: WebhookDeps) {
  return {
    createWebhookEndpoint: (input: InputOf<typeof createWebhookEndpoint>) =>
      createWebhookEndpoint(deps, input),
    listWebhookEndpoints: (input: InputOf<typeof listWebhookEndpoints>) =>
      listWebhookEndpoints(deps, input),
    readWebhookEndpoint: (input: InputOf<typeof readWebhookEndpoint>) =>
      readWebhookEndpoint(deps, input),
    changeWebhookEndpoint: (input: InputOf<typeof changeWebhookEndpoint>) =>
      changeWebhookEndpoint(deps, input),
    deleteWebhookEndpoint: (input: InputOf<typeof deleteWebhookEndpoint>) =>
      deleteWebhookEndpoint(deps, input),
    rotateWebhookSecret: (input: InputOf<typeof rotateWebhookSecret>) =>
      rotateWebhookSecret(deps, input),
    testWebhookEndpoint: (input: InputOf<typeof testWebhookEndpoint>) =>
      testWebhookEndpoint(deps, input),
    replayWebhookEvents: (input: InputOf<typeof replayWebhookEvents>) =>
      replayWebhookEvents(deps, input),
    listWebhookFailures: (input: InputOf<typeof listWebhookFailures>) =>
      listWebhookFailures(deps, input),
  };
}
