import type { FastifyInstance } from 'fastify';
import { html } from 'hono/html';
import { paths } from './paths.ts';
import { opsPage } from './views/ops-page.ts';
import { visitorOf } from './visitor.ts';

/** The page that operators see first. */
export function addOverviewRoutes(app: FastifyInstance): void {
  app.get(paths.overview, async (request, reply) => {
    const page = opsPage({
      title: 'Overview',
      visitor: visitorOf(request),
      current: 'overview',
      content: html`<h1>Overview</h1>
<ul>
<li><a href="/readyz">Ready</a>: whether reminders can go out, one line for each thing needed</li>
<li><a href="/livez">Alive</a>: whether this process runs</li>
<li><a href="/metrics">Metrics</a> for Prometheus: from this machine, or with the metrics token</li>
</ul>`,
    });
    return reply.type('text/html; charset=utf-8').send(page);
  });
}
