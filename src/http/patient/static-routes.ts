import type { FastifyInstance } from 'fastify';
import { sendPage } from './page-server.ts';
import type { Pages, Readiness } from './pages.ts';
import { paths } from './paths.ts';
import { stylesheet } from './style.ts';
import { checkPage } from './views/check-page.ts';

/** What needs no link: whether a message is ours, how pages look, whether this process is well. */
export function addStaticRoutes(app: FastifyInstance, pages: Pages): void {
  app.get('/', async (_request, reply) => reply.redirect(paths.check, 303));
  app.get(paths.check, async (request, reply) => {
    const language = await pages.languageOf(request);
    const linkHostUrl = pages.patientUrl;
    return sendPage(reply, 200, checkPage({ language, linkHostUrl, ...pages.check }));
  });
  app.get(stylesheet.path, async (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(stylesheet.body),
  );
  app.get('/robots.txt', async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send('User-agent: *\nDisallow: /\n'),
  );
  app.get('/favicon.ico', async (_request, reply) => reply.code(204).send());
  app.get('/livez', async (_request, reply) => reply.send({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const found = await pages.findReadiness();
    const isReady = Object.values(found).every((one) => typeof one !== 'boolean' || one);
    const lines = Object.entries(found).map(([name, one]) => [name, told(one)]);
    return reply
      .code(isReady ? 200 : 503)
      .send({ status: isReady ? 'ready' : 'not_ready', ...Object.fromEntries(lines) });
  });
}

function told(line: Readiness[string]): string | object {
  if (typeof line === 'boolean') return line ? 'ok' : 'failed';
  const { ok, endsInS, reason } = line;
  return { status: ok ? 'ok' : 'failed', endsInS, reason };
}
