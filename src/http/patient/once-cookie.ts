import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CookieBox } from '../../keys/cookie-box.ts';

/** A cookie that is taken once: what somebody began on one page, and ends on another. */
export interface OnceCookie<Payload extends object> {
  set(reply: FastifyReply, payload: Payload, options: { expiresAt: Date }): Promise<void>;
  /** What was set, which is gone then; undefined without one that still holds. */
  take(request: FastifyRequest, reply: FastifyReply): Promise<Payload | undefined>;
}

/** @param https whether patients come by https: then it is `Secure` and bound to the host */
export function createOnceCookie<Payload extends object>({
  box,
  name,
  https,
}: {
  box: CookieBox;
  name: string;
  https: boolean;
}): OnceCookie<Payload> {
  const fullName = `${https ? '__Host-' : ''}${name}`;
  // Lax: whoever comes back from elsewhere still has it.
  const attributes = { path: '/', httpOnly: true, secure: https, sameSite: 'lax' } as const;
  return {
    async set(reply, payload, options) {
      reply.setCookie(fullName, await box.seal(payload, options), attributes);
    },
    async take(request, reply) {
      const value = request.cookies[fullName];
      if (value === undefined) return undefined;
      reply.setCookie(fullName, '', { ...attributes, maxAge: 0 });
      return (await box.open(value)) as Payload | undefined;
    },
  };
}
