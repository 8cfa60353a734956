import { z } from 'zod';
import { limits } from '../../../config/limits.ts';
import { webhookTriesMax } from '../../../config/webhook-retry.ts';
import { deliveryFaults, disabledReasons } from '../../domain/webhook.ts';
import type {
  WebhookEndpointAnswer,
  WebhookFailureAnswer,
} from '../../usecases/describe-webhook-endpoint.ts';

const instant = z.string().meta({ format: 'date-time', description: 'RFC 3339, UTC.' });
/** Whatever three digits a stranger's server says. */
const httpStatus = z.int().min(0).max(999);
const url = z.string().min(1).max(limits.webhookUrlCharactersMax).meta({
  description:
    'https, port 443 or 8443, an address on the public internet; no user, password or fragment.',
});

export const createWebhookRequest = z.strictObject({ url }).meta({ id: 'WebhookEndpointRequest' });

export const changeWebhookRequest = z
  .strictObject({
    url: url.optional(),
    enabled: z.boolean().optional().meta({
      description: 'true: goes on where it stopped. false: nothing is sent until it is true.',
    }),
  })
  .meta({ id: 'WebhookEndpointChange' });

export const rotateSecretRequest = z
  .strictObject({
    overlapHours: z
      .int()
      .min(0)
      .max(limits.webhookOverlapHoursMax)
      .optional()
      .meta({
        description: `How long deliveries are signed with the old secret, too; ${limits.webhookOverlapHoursDefault} unless given.`,
      }),
  })
  .meta({ id: 'SecretRotation' });

export const replayRequest = z
  .strictObject({
    after: z.string().min(1).max(512).nullable().meta({
      description:
        'next of GET /v1/events, or position of an endpoint; null: from the oldest event kept. Later than position leaves out what lies between.',
    }),
  })
  .meta({ id: 'WebhookReplay' });

const endpointShape = {
  id: z.string().meta({ format: 'uuid' }),
  url: z.string(),
  enabled: z.boolean(),
  createdAt: instant,
  position: z.string().meta({
    description: 'Cursor behind the last event that arrived; for GET /v1/events and for a replay.',
  }),
  deliveredAt: instant.nullable().meta({ description: 'When an event last arrived.' }),
  disabled: z
    .object({
      reason: z.enum(disabledReasons).meta({
        description:
          'by_request; gone: answered 410; failing: ten tries over three days; secret_unreadable: rotate the secret; events_gone: it stood before what is kept, so replay from null or from a newer cursor.',
      }),
      at: instant,
    })
    .nullable(),
  failing: z
    .object({
      since: instant,
      tries: z.int().min(1).max(webhookTriesMax),
      nextTryAt: instant.nullable().meta({ description: 'null: it is disabled.' }),
    })
    .nullable()
    .meta({ description: 'While an event does not arrive; those behind it wait.' }),
  test: z
    .object({
      id: z.string().meta({ format: 'uuid' }),
      requestedAt: instant,
      endedAt: instant.nullable().meta({ description: 'null: on its way; ask again.' }),
      result: z.string().nullable().meta({ description: 'delivered, or a code as of failures.' }),
      status: httpStatus.nullable().meta({ description: 'What the endpoint answered.' }),
    })
    .nullable()
    .meta({ description: 'The last test.' }),
  oldSecretEndsAt: instant
    .nullable()
    .meta({ description: 'Until when deliveries carry a second signature.' }),
};

export const webhookEndpoint: z.ZodType<WebhookEndpointAnswer> = z
  .object(endpointShape)
  .meta({ id: 'WebhookEndpoint' });

export const webhookEndpointWithSecret: z.ZodType<WebhookEndpointAnswer & { secret: string }> = z
  .object({
    ...endpointShape,
    secret: z.string().meta({ description: 'whsec_…, told this once.' }),
  })
  .meta({ id: 'WebhookEndpointWithSecret' });

export const webhookEndpointList: z.ZodType<{ endpoints: WebhookEndpointAnswer[] }> = z
  .object({ endpoints: z.array(webhookEndpoint) })
  .meta({ id: 'WebhookEndpointList' });

export const webhookFailureList: z.ZodType<{ failures: WebhookFailureAnswer[] }> = z
  .object({
    failures: z.array(
      z.object({
        eventId: z.string(),
        type: z.string(),
        attempt: z.int().min(1).max(webhookTriesMax),
        at: instant,
        code: z.string().meta({ description: `One of ${deliveryFaults.join(', ')}.` }),
        status: httpStatus.nullable(),
      }),
    ),
  })
  .meta({ id: 'WebhookFailureList' });
