import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Language } from '../../domain/language.ts';
import { pageHeaders } from '../page-headers.ts';
import { addCodeRoutes } from './code-routes.ts';
import { addDetailsRoutes } from './details-routes.ts';
import { addLinkRoutes } from './link-routes.ts';
import { createOnceCookie } from './once-cookie.ts';
import { addOptOutRoutes } from './opt-out-routes.ts';
import { acceptedLanguage, requestedLanguage } from './page-language.ts';
import { buildPageServer, sendNotice } from './page-server.ts';
import type { Pages, PatientAppOptions } from './pages.ts';
import type { PasskeyVisit } from './passkey-question.ts';
import { addPasskeyRoutes } from './passkey-routes.ts';
import { addPortalRoutes } from './portal-routes.ts';
import { addProveRoutes } from './prove-routes.ts';
import { addRightsRoutes } from './rights-routes.ts';
import { addStaticRoutes } from './static-routes.ts';
import { createVisits } from './visits.ts';

/** The pages that patients see, without a script and without a trace of the link that led to them. */
export async function buildPatientApp(options: PatientAppOptions): Promise<FastifyInstance> {
  const https = options.patientUrl.startsWith('https://');
  const visits = createVisits({ boxes: options.boxes, https, now: options.now });

  const languageOf = async (request: FastifyRequest): Promise<Language> =>
    requestedLanguage(request) ??
    (await visits.sessionOf(request))?.language ??
    (await visits.visitOf(request))?.language ??
    acceptedLanguage(request.headers['accept-language']);

  const pages: Pages = {
    ...options,
    visits,
    languageOf,
    sendUnusable: async (request, reply) => {
      const language = await languageOf(request);
      return sendNotice(reply, { status: 404, kind: 'linkUnusable', language });
    },
    sendFormRefused: async (request, reply) => {
      const language = await languageOf(request);
      return sendNotice(reply, { status: 403, kind: 'formExpired', language });
    },
  };
  const { log, trustedProxies } = options;
  const headers = pageHeaders({ https });
  const app = await buildPageServer({
    log,
    trustedProxies,
    headers,
    languageOf: (request) =>
      requestedLanguage(request) ?? acceptedLanguage(request.headers['accept-language']),
  });
  app.setNotFoundHandler(pages.sendUnusable);
  addStaticRoutes(app, pages);
  addLinkRoutes(app, pages);
  const passkeyCookie = createOnceCookie<PasskeyVisit>({
    ...{ box: options.boxes.passkey, name: 'passkey', https },
  });
  addProveRoutes(app, pages, passkeyCookie);
  addPasskeyRoutes(app, pages, passkeyCookie);
  addCodeRoutes(app, pages);
  addPortalRoutes(
    app,
    pages,
    createOnceCookie({ box: options.boxes.portal, name: 'portal', https }),
  );
  addDetailsRoutes(app, pages);
  addRightsRoutes(app, pages);
  await addOptOutRoutes(app, pages);
  return app;
}
