import type { FastifyInstance } from 'fastify';

/** Whether each thing that a process depends on answers; times in seconds where age is the point. */
export type Readiness = Readonly<
  Record<
    string,
    {
      readonly ok: boolean;
      readonly ageS?: number | undefined;
      readonly endsInS?: number | undefined;
      readonly reason?: string | undefined;
      /** False for what the process can do without for a while: told of, and no 503. */
      readonly isNeeded?: boolean;
    }
  >
>;

/**
 * `/livez`: this process runs. `/readyz`: it can do its work, one line for each thing it uses, and
 * 503 when one that it needs is missing.
 */
export function addReadinessRoutes(app: FastifyInstance, ready: () => Promise<Readiness>): void {
  const schema = { hide: true };
  app.get('/livez', { schema }, async () => ({ status: 'ok' }));
  app.get('/readyz', { schema }, async (_request, reply) => {
    const checks = Object.entries(await ready());
    const ok = checks.every(([, check]) => check.ok || check.isNeeded === false);
    const lines = checks.map(
      ([name, { ok, ageS, endsInS, reason }]) =>
        `    ${JSON.stringify(name)}: ${JSON.stringify({ status: ok ? 'ok' : 'unavailable', reason, ageS, endsInS })}`,
    );
    return reply
      .code(ok ? 200 : 503)
      .type('application/json')
      .send(
        `{\n  "status": "${ok ? 'ok' : 'unavailable'}",\n  "checks": {\n${lines.join(',\n')}\n  }\n}\n`,
      );
  });
}
