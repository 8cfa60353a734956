import type { FastifyInstance } from 'fastify';
import { AppError } from '../../../domain/errors.ts';
import { plainPageHeaders } from '../../plain-page.ts';
import { docsPage, type Examples, type OpenApiDocument } from './docs-page.ts';
import { exampleAppointment } from './example-appointment.ts';
import { guidePage } from './guide-page.ts';
import { isGuideName, readGuide } from './guides.ts';
import { isErrorCode, problemPage } from './problem-page.ts';
import { type Generated, tidyOpenApi } from './tidy-open-api.ts';

/** The documentation: for programs at `/openapi.json`, for people at `/docs`. */
export function addDocsRoutes(app: FastifyInstance, apiUrl: string): void {
  const schema = { hide: true };
  let document: OpenApiDocument | undefined;
  const openApi = () => {
    // Made at the first request, since the routes are known only when all have been added.
    document ??= tidyOpenApi(app.swagger() as Generated) as OpenApiDocument;
    return document;
  };

  app.get('/openapi.json', { schema }, async () => openApi());
  app.get('/docs', { schema }, async (_request, reply) =>
    reply.headers(plainPageHeaders).send(await docsPage(openApi(), examplesAt(apiUrl))),
  );
  app.get<{ Params: { guide: string } }>('/docs/:guide', { schema }, async (request, reply) => {
    const { guide } = request.params;
    if (!isGuideName(guide)) throw new AppError('not_found');
    return reply.headers(plainPageHeaders).send(await guidePage(readGuide(guide)));
  });
  app.get<{ Params: { code: string } }>(
    '/docs/problems/:code',
    { schema },
    async (request, reply) => {
      const { code } = request.params;
      if (!isErrorCode(code)) throw new AppError('not_found');
      return reply.headers(plainPageHeaders).send(await problemPage(code));
    },
  );
}

function examplesAt(apiUrl: string): Examples {
  const curl = (method: string, path: string) =>
    `curl${method === 'GET' ? '' : ` -X ${method}`} '${apiUrl}${path}' \\\n  -H "Authorization: Bearer $SOTTO_KEY"`;
  const body = JSON.stringify(
    exampleAppointment(Temporal.Now.plainDateISO('UTC')),
    null,
    2,
  ).replaceAll("'", "'\\''");
  return {
    putAppointment: `${curl('PUT', '/v1/appointments/visit-4711')} \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`,
    getAppointment: curl('GET', '/v1/appointments/visit-4711'),
    deleteAppointment: `${curl('DELETE', '/v1/appointments/visit-4711')}\n\n# and shred what was stored\n${curl('DELETE', '/v1/appointments/visit-4711?erase=true')}`,
    listAppointments: curl('GET', '/v1/appointments?state=booked&limit=50'),
    listEvents: curl('GET', '/v1/events?limit=50'),
    getOrganisation: curl('GET', '/v1/organisation'),
    putOrganisation: `${curl('PUT', '/v1/organisation')} \\\n  -H 'Content-Type: application/json' \\\n  -d '{ "defaultLanguage": "en", "quietHours": { "start": "20:00", "end": "08:00" } }'`,
    getKeys: `curl '${apiUrl}/.well-known/jwks.json'`,
  };
}
