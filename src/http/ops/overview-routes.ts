import type { FastifyInstance } from 'fastify';
import { type Mode, modes } from '../../domain/channel.ts';
import type { Overview } from '../../domain/overview.ts';
import { paths } from './paths.ts';
import { overviewPage } from './views/overview-page.ts';
import { visitorOf } from './visitor.ts';

export interface OverviewDeps {
  readOverview(input: { mode?: Mode | undefined }): Promise<Overview>;
}

/** The page that operators see first. */
export function addOverviewRoutes(app: FastifyInstance, { readOverview }: OverviewDeps): void {
  app.get(paths.overview, async (request, reply) => {
    const { mode, refresh } = request.query as Record<string, unknown>;
    const asked = modes.find((known) => known === mode);
    const page = overviewPage({
      visitor: visitorOf(request),
      overview: await readOverview({ mode: asked }),
      isChosen: asked !== undefined,
      refreshes: refresh !== 'off',
    });
    return reply.type('text/html; charset=utf-8').send(page);
  });
}
