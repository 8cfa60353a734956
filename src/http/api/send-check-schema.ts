import { z } from 'zod';
import { limits } from '../../../config/limits.ts';
import { noAnswerPolicies } from '../../domain/send-check.ts';
import type { SendCheckAnswer } from '../../usecases/describe-send-check.ts';

const instant = z.string().meta({ format: 'date-time', description: 'RFC 3339, UTC.' });
/** Whatever three digits a stranger's server says. */
const httpStatus = z.int().min(0).max(999);
const count = z.int().min(0);
const policyMeans =
  'Of a reminder that no answer comes for within 5 minutes, or half of the time that is left: send it, or hold it for a person as failed with reasonCode check_unanswered.';

export const sendCheckRequest = z
  .strictObject({
    url: z.string().min(1).max(limits.webhookUrlCharactersMax).optional().meta({
      description:
        'Required the first time. https, port 443 or 8443, an address on the public internet; no user, password or fragment.',
    }),
    onNoAnswer: z
      .string()
      .max(64)
      .optional()
      .meta({ enum: [...noAnswerPolicies], description: policyMeans }),
  })
  .meta({ id: 'SendCheckRequest' });

const checkShape = {
  url: z.string(),
  onNoAnswer: z.enum(noAnswerPolicies).meta({ description: policyMeans }),
  createdAt: instant,
  answeredAt: instant.nullable().meta({ description: 'When a question was last answered.' }),
  failing: z
    .object({
      since: instant,
      code: z.string().meta({ description: 'A code as of webhook failures, or no_decision.' }),
      status: httpStatus.nullable(),
    })
    .nullable()
    .meta({ description: 'While questions get no answer.' }),
  counts: z.object({ asked: count, proceed: count, drop: count, inconclusive: count }).meta({
    description: 'Questions since the check was made. A reminder may be asked about often.',
  }),
  test: z
    .object({
      id: z.string().meta({ format: 'uuid' }),
      requestedAt: instant,
      endedAt: instant.nullable().meta({ description: 'null: on its way; ask again.' }),
      result: z
        .string()
        .nullable()
        .meta({ description: 'proceed, drop, or a code as of failing.' }),
      status: httpStatus.nullable(),
    })
    .nullable()
    .meta({ description: 'The last test.' }),
  oldSecretEndsAt: instant
    .nullable()
    .meta({ description: 'Until when questions carry a second signature.' }),
};

export const sendCheck: z.ZodType<SendCheckAnswer> = z.object(checkShape).meta({ id: 'SendCheck' });

export const sendCheckWithSecret: z.ZodType<SendCheckAnswer & { secret?: string | undefined }> = z
  .object({
    ...checkShape,
    secret: z.string().optional().meta({ description: 'whsec_…, told this once.' }),
  })
  .meta({ id: 'SendCheckWithSecret' });
