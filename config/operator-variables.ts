import { z } from 'zod';
import { aloneMax } from '../src/domain/second-person.ts';
import { Secret } from '../src/domain/secret.ts';

const words = z
  .string()
  .max(1_000)
  .transform((value) => value.split(/\s+/).filter((word) => word !== ''));

/** How operators come in, and what takes two of them; a part of the environment. */
export const operatorVariables = {
  OPS_OIDC_ISSUER: z
    .url({ protocol: /^https?$/ })
    .refine(isHttpsOrHere, { message: 'must begin with https://, but on this machine' })
    .optional()
    .describe(
      'Provider of logins (OpenID Connect) that operators sign in through, as it names itself. Register OPS_URL/login/return there.',
    ),
  OPS_OIDC_CLIENT_ID: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('What that provider calls the ops pages.'),
  OPS_OIDC_CLIENT_SECRET: z
    .string()
    .min(1)
    .transform((value) => new Secret(value))
    .optional()
    .describe('Its secret for them. Unset: a public client, by PKCE alone.'),
  OPS_OIDC_ACR: words
    .optional()
    .describe('Levels of a login, separated by spaces, of which it must have reached one.'),
  OPS_OIDC_AMR: words
    .optional()
    .describe('Ways of a login, such as mfa, separated by spaces, of which it must have used one.'),
  OPS_OIDC_LOGIN_AGE_MINUTES: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_080)
    .optional()
    .describe('How old a login at the provider may be. Unset: as old as the provider allows.'),
  OPS_PASSWORDS: z
    .enum(['on', 'off'])
    .default('on')
    .describe('off: operators sign in through OPS_OIDC_ISSUER alone.'),
  SECOND_PERSON_OVER: z.coerce
    .number()
    .int()
    .min(0)
    .max(aloneMax)
    .default(aloneMax)
    .describe(
      'How many reminders one operator may send again or let go alone; more needs a second person. 0 to 1000.',
    ),
};

/** Settings that let no operator in, or half of what a provider of logins needs. */
export function wayInProblems(values: {
  readonly OPS_OIDC_ISSUER?: string | undefined;
  readonly OPS_OIDC_CLIENT_ID?: string | undefined;
  readonly OPS_PASSWORDS: 'on' | 'off';
}): string[] {
  const { OPS_OIDC_ISSUER: issuer, OPS_OIDC_CLIENT_ID: clientId } = values;
  return [
    ...((issuer === undefined) !== (clientId === undefined)
      ? ['OPS_OIDC_ISSUER: needs OPS_OIDC_CLIENT_ID, and that the other']
      : []),
    ...(values.OPS_PASSWORDS === 'off' && issuer === undefined
      ? ['OPS_PASSWORDS: off needs OPS_OIDC_ISSUER']
      : []),
  ];
}

function isHttpsOrHere(value: string): boolean {
  if (!URL.canParse(value)) return true;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
