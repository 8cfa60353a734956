import type { FastifyInstance } from 'fastify';
import type { ActionLog, AuditFilter } from '../../usecases/read-action-log.ts';
import { isId } from './ids.ts';
import { paths } from './paths.ts';
import { queryField } from './query-field.ts';
import { logPage } from './views/log-page.ts';
import { visitorOf } from './visitor.ts';

export interface LogDeps {
  readActionLog(input: { before?: string | undefined; filter: AuditFilter }): Promise<ActionLog>;
}

/** Who did what, and why. */
export function addLogRoutes(app: FastifyInstance, deps: LogDeps): void {
  app.get(paths.log, async (request, reply) => {
    const visitor = visitorOf(request);
    const given = (name: string) => queryField(request, name).slice(0, 200) || undefined;
    const organisation = given('organisation');
    const before = given('before');
    const filter: AuditFilter = {
      actor: given('actor'),
      action: given('action'),
      organisationId: organisation !== undefined && isId(organisation) ? organisation : undefined,
    };
    const log = await deps.readActionLog({
      filter,
      before: before !== undefined && /^\d{1,18}$/.test(before) ? before : undefined,
    });
    const page = logPage({ visitor, log, filter, now: new Date() });
    return reply.type('text/html; charset=utf-8').send(page);
  });
}
