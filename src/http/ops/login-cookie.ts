import { createHmac, randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OpsLoginSecrets } from '../../transport/ops-openid.ts';

/** A login through the provider that was begun here: what its end must fit, and where to go then. */
export interface BegunLogin {
  readonly secrets: OpsLoginSecrets;
  readonly next: string;
}

const lifeS = 600;
const form = /^([\w-]{43})\.([\w-]{0,700})$/;

/**
 * Remembers a login in the browser that began it, and nowhere else: a random secret in a cookie, of which
 * state, nonce and verifier are each made one way, so that none tells another.
 *
 * `SameSite=Lax`: whoever comes back from the provider still has it.
 */
export function createLoginCookie({ https }: { https: boolean }) {
  const name = https ? '__Host-ops-login' : 'ops-login';
  const attributes = { path: '/', httpOnly: true, secure: https, sameSite: 'lax' } as const;
  return {
    begin(reply: FastifyReply, next: string): OpsLoginSecrets {
      const secret = randomBytes(32).toString('base64url');
      const value = `${secret}.${Buffer.from(next).toString('base64url')}`;
      reply.setCookie(name, value, { ...attributes, maxAge: lifeS });
      return secretsOf(secret);
    },
    /** Undefined in a browser that has begun none. It is gone then: one end for each. */
    take(request: FastifyRequest, reply: FastifyReply): BegunLogin | undefined {
      const [, secret, next = ''] = form.exec(request.cookies[name] ?? '') ?? [];
      reply.setCookie(name, '', { ...attributes, maxAge: 0 });
      if (secret === undefined) return undefined;
      return { secrets: secretsOf(secret), next: Buffer.from(next, 'base64url').toString() };
    },
  };
}

function secretsOf(secret: string): OpsLoginSecrets {
  const made = (what: string) =>
    createHmac('sha256', secret).update(`sotto/ops-login/${what}/1`).digest('base64url');
  return { state: made('state'), nonce: made('nonce'), verifier: made('verifier') };
}
