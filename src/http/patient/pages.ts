import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HeldData } from '../../domain/held-data.ts';
import type { Language } from '../../domain/language.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Tier } from '../../domain/tiers.ts';
import type { CookieBox } from '../../keys/cookie-box.ts';
import type { OptOutClaim } from '../../keys/opt-out-token.ts';
import type { Log } from '../../telemetry/log.ts';
import type { ToldErasure } from '../../usecases/erase-for-recipient.ts';
import type { OpenedLink } from '../../usecases/open-link.ts';
import type { SourcePace } from '../../usecases/pace-sources.ts';
import type { passkeyUseCases, ToldPasskey } from '../../usecases/passkeys.ts';
import type { BegunLogin, PortalProblem } from '../../usecases/portal-login.ts';
import type { Answer, Proof } from '../../usecases/prove-recipient.ts';
import type { CodeSending } from '../../usecases/send-code.ts';
import type { Visits, VisitsOptions } from './visits.ts';

type PasskeyUseCases = ReturnType<typeof passkeyUseCases>;

/** What the check page says of our messages beside their words. */
interface CheckPageFacts {
  /** Number or name that messages come from; undefined where the provider picks one of several. */
  readonly sender: string | undefined;
  /** Address that emails come from; undefined where none are sent. */
  readonly emailSender: string | undefined;
  /** Whether codes are sent by SMS. */
  readonly codes: boolean;
  /** Whether messages say how to opt out. */
  readonly optOut: boolean;
}

export interface PatientAppOptions {
  /** The origin in every link. */
  readonly patientUrl: string;
  readonly trustedProxies: readonly string[] | undefined;
  readonly check: CheckPageFacts;
  readonly log: Log;
  readonly boxes: VisitsOptions['boxes'] & Readonly<Record<'portal' | 'passkey', CookieBox>>;
  readonly now: () => number;
  /** The link secret in a token that we minted; without a look at the database. */
  readonly verifyToken: (token: string) => Promise<Secret<Buffer> | undefined>;
  readonly openLink: (linkSecret: Secret<Buffer>) => Promise<OpenedLink | undefined>;
  readonly proveRecipient: (input: {
    link: OpenedLink;
    linkSecret: Secret<Buffer>;
    answer: Answer;
    source: Buffer;
  }) => Promise<Proof>;
  /** Sends a code for a link that offers one, to be typed in the browser session of this id. */
  readonly sendCode: (input: {
    link: OpenedLink;
    visitId: Secret<string>;
    language: Language;
  }) => Promise<CodeSending>;
  /** Whether that browser session has asked for a code that may still be typed. */
  readonly hasCode: (input: { link: OpenedLink; visitId: Secret<string> }) => Promise<boolean>;
  readonly passkeys: PasskeyUseCases;
  /** Logging in where the organisation's patients have an account. */
  readonly portal: {
    begin(input: {
      link: OpenedLink;
      language: Language;
    }): Promise<
      { readonly url: string; readonly login: BegunLogin } | { readonly problem: PortalProblem }
    >;
    finish(input: {
      link: OpenedLink;
      login: BegunLogin;
      path: string;
      query: string;
    }): Promise<{ readonly tier: Tier } | { readonly problem: PortalProblem }>;
    /** What providers check our signatures with: a JSON Web Key each (RFC 7517). */
    publicKeys(): Promise<readonly object[]>;
  };
  readonly optOut: {
    /** Whom a token of an email's header is of; undefined for one that we never minted. */
    openToken(token: string): Promise<OptOutClaim | undefined>;
    recordClaim(claim: OptOutClaim): Promise<void>;
    /** Stops messages to where the link of a session went. */
    record(sentTo: OpenedLink['sentTo']): Promise<void>;
  };
  readonly rights: {
    /** What is held; undefined for who has not proved enough. */
    readHeld(input: {
      link: OpenedLink;
      tier: Tier;
      passkeys: readonly ToldPasskey[];
    }): Promise<HeldData | undefined>;
    /** Shreds the appointment that a link leads to; undefined where it leads nowhere any more. */
    erase(input: {
      linkSecret: Secret<Buffer>;
      /** Whose passkeys go too. */
      passkeysOf: OpenedLink['passkeyOwner'];
    }): Promise<ToldErasure | undefined>;
    /** What was told of its erasure; undefined where its recipient did not erase it by this link. */
    findErasure(input: {
      appointmentId: string;
      linkSecret: Secret<Buffer>;
    }): Promise<ToldErasure | undefined>;
  };
  readonly sourceOf: (address: string) => Buffer;
  readonly pace: SourcePace;
  /** No answer to a proof comes sooner, so that right, wrong, paused and locked take equally long. */
  readonly answerFloorMs: number;
  /** What this process needs, and whether it is there. */
  readonly findReadiness: () => Promise<Readiness>;
}

type SendPage = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** Whether what it needs is there; what it can do without for a while is told of with what is known. */
export type Readiness = Readonly<
  Record<
    string,
    | boolean
    | { readonly ok: boolean; readonly endsInS?: number | undefined; readonly reason?: string }
  >
>;

/** What the routes share. */
export interface Pages extends Omit<PatientAppOptions, 'boxes'> {
  readonly visits: Visits;
  readonly languageOf: (request: FastifyRequest) => Promise<Language>;
  /** The one answer to every link that does not work. */
  readonly sendUnusable: SendPage;
  /** The answer to a form that is not one of ours, or no longer: nothing was done. */
  readonly sendFormRefused: SendPage;
}
