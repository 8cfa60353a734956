import type { FastifyInstance } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import type { SearchResult } from '../../usecases/find-appointments.ts';
import type { Timeline } from '../../usecases/read-timeline.ts';
import { doneIn } from './done.ts';
import { idIn } from './ids.ts';
import { paths } from './paths.ts';
import { queryField } from './query-field.ts';
import { findPage } from './views/find-page.ts';
import { timelinePage } from './views/timeline-page.ts';
import { visitorOf } from './visitor.ts';

export interface FindDeps {
  findAppointments(input: { typed: string }): Promise<SearchResult>;
  readTimeline(input: { appointmentId: string; actor: string }): Promise<Timeline | undefined>;
}

const typedMax = 200;

/** What an address may say was done; anything else says nothing. */
const doneTexts: Readonly<Record<string, string>> = {
  redriven: 'It will be sent again.',
  'not-failed': 'Nothing was done: it is not failed any more. See what became of it.',
};

/** Finding an appointment by whatever somebody has in hand, and all that is known of it. */
export function addFindRoutes(app: FastifyInstance, deps: FindDeps): void {
  app.get(paths.find, async (request, reply) => {
    const visitor = visitorOf(request);
    const typed = queryField(request, 'q').slice(0, typedMax);
    const result = typed.trim() === '' ? undefined : await deps.findAppointments({ typed });
    const [only, ...others] = result?.found ?? [];
    if (only && others.length === 0) return reply.redirect(paths.appointment(only.id), 303);
    const page = findPage({ visitor, typed, result, now: new Date() });
    return reply.type('text/html; charset=utf-8').send(page);
  });

  app.get(paths.appointment(':id'), async (request, reply) => {
    const visitor = visitorOf(request);
    const timeline = await deps.readTimeline({
      appointmentId: idIn(request),
      actor: visitor.name,
    });
    if (!timeline) throw new AppError('not_found');
    const done = doneIn(request, doneTexts);
    const page = timelinePage({ visitor, timeline, done, now: new Date() });
    return reply.type('text/html; charset=utf-8').send(page);
  });
}
