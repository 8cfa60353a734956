import type { FastifyInstance } from 'fastify';

/** Whether each thing that a process depends on answers; times in seconds where age is the point. */
export type Readiness = Readonly<
  Record<string, { readonly ok: boolean; readonly ageS?: number | undefined }>
>;

/**
 * `/livez`: this process runs. `/readyz`: it can do its work, one line for each thing it needs, and
 * 503 when one is missing.
 */
export function addReadinessRoutes(app: FastifyInstance, ready: () => Promise<Readiness>): void {
  const schema = { hide: true };
  app.get('/livez', { schema }, async () => ({ status: 'ok' }));
  app.get('/readyz', { schema }, async (_request, reply) => {
    const checks = Object.entries(await ready());
    const ok = checks.every(([, check]) => check.ok);
    const lines = checks.map(
      ([name, check]) =>
        `    ${JSON.stringify(name)}: ${JSON.stringify({ status: check.ok ? 'ok' : 'unavailable', ageS: check.ageS })}`,
    );
    return reply
      .code(ok ? 200 : 503)
      .type('application/json')
      .send(
        `{\n  "status": "${ok ? 'ok' : 'unavailable'}",\n  "checks": {\n${lines.join(',\n')}\n  }\n}\n`,
      );
  });
}
