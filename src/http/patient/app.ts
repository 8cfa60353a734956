import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Secret } from '../../domain/secret.ts';
import type { Log } from '../../telemetry/log.ts';
import type { OpenedLink } from '../../usecases/open-link.ts';
import type { SourcePace } from '../../usecases/pace-sources.ts';
import type { Proof } from '../../usecases/prove-recipient.ts';
import { answerHeaders } from './answer-headers.ts';
import { addDetailsRoutes } from './details-routes.ts';
import { addLinkRoutes } from './link-routes.ts';
import { acceptedLanguage, requestedLanguage } from './page-language.ts';
import { buildPageServer, sendNotice } from './page-server.ts';
import { addProveRoutes } from './prove-routes.ts';
import { addStaticRoutes, type CheckPageFacts } from './static-routes.ts';
import type { PageLanguage } from './texts/catalogue.ts';
import { createVisits, type Visits, type VisitsOptions } from './visits.ts';

export interface PatientAppOptions {
  /** The origin in every link. */
  readonly patientUrl: string;
  readonly trustedProxies: readonly string[] | undefined;
  readonly check: CheckPageFacts;
  readonly log: Log;
  readonly boxes: VisitsOptions['boxes'];
  readonly now: () => number;
  /** The link secret in a token that we minted; without a look at the database. */
  readonly verifyToken: (token: string) => Promise<Secret<Buffer> | undefined>;
  readonly openLink: (linkSecret: Secret<Buffer>) => Promise<OpenedLink | undefined>;
  readonly proveRecipient: (input: {
    link: OpenedLink;
    pin: Secret<string>;
    source: Buffer;
  }) => Promise<Proof>;
  readonly sourceOf: (address: string) => Buffer;
  readonly pace: SourcePace;
  /** No answer to a proof comes sooner, so that right, wrong, paused and locked take equally long. */
  readonly answerFloorMs: number;
  /** What this process needs, and whether it is there. */
  readonly findReadiness: () => Promise<Readonly<Record<string, boolean>>>;
}

type SendPage = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** What the routes share. */
export interface Pages extends Omit<PatientAppOptions, 'boxes'> {
  readonly visits: Visits;
  readonly languageOf: (request: FastifyRequest) => Promise<PageLanguage>;
  /** The one answer to every link that does not work. */
  readonly sendUnusable: SendPage;
  /** The answer to a form that is not one of ours, or no longer: nothing was done. */
  readonly sendFormRefused: SendPage;
}

/** The pages that patients see, without a script and without a trace of the link that led to them. */
export async function buildPatientApp(options: PatientAppOptions): Promise<FastifyInstance> {
  const https = options.patientUrl.startsWith('https://');
  const visits = createVisits({ boxes: options.boxes, https, now: options.now });

  const languageOf = async (request: FastifyRequest): Promise<PageLanguage> =>
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
  const headers = answerHeaders({ https });
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
  addProveRoutes(app, pages);
  addDetailsRoutes(app, pages);
  return app;
}
