import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Secret } from '../../domain/secret.ts';
import type { Log } from '../../telemetry/log.ts';
import type { PageLanguage } from '../../texts/catalogue.ts';
import type { OpenedLink } from '../../usecases/open-link.ts';
import type { SourcePace } from '../../usecases/pace-sources.ts';
import type { Proof } from '../../usecases/prove-recipient.ts';
import type { Visits, VisitsOptions } from './visits.ts';

/** What the check page says of our messages beside their words. */
interface CheckPageFacts {
  /** Number or name that messages come from; undefined where the provider picks one of several. */
  readonly sender: string | undefined;
  /** Whether messages say how to opt out. */
  readonly optOut: boolean;
}

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
