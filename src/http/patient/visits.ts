import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { limits } from '../../../config/limits.ts';
import type { Factor } from '../../domain/factor.ts';
import type { Language } from '../../domain/language.ts';
import { Secret } from '../../domain/secret.ts';
import type { Tier } from '../../domain/tiers.ts';
import type { CookieBox } from '../../keys/cookie-box.ts';

/** Someone who opened a link and has proved nothing yet. */
export interface LinkVisit {
  /** Random; what form tokens are bound to. */
  readonly id: Secret<string>;
  /** Random; what codes are bound to: the same for as long as this link is the one that is open here. */
  readonly codesId: Secret<string>;
  readonly linkSecret: Secret<Buffer>;
  readonly language: Language;
  readonly createdAtMs: number;
  /** Whether the birth date was typed right, where that opens nothing but the way to another factor. */
  readonly birthDateProved: boolean;
}

/** Someone who proved to be the recipient of one appointment. */
export interface Session extends LinkVisit {
  readonly appointmentId: string;
  readonly tier: Tier;
  /** What opened that. */
  readonly factor: Factor;
  /** When it ends without another request. */
  readonly idleEndsAtMs: number;
  /** When it ends whatever happens. */
  readonly endsAtMs: number;
}

/** What a cookie holds; short names, since every request carries them. */
interface Sealed {
  readonly i: string;
  /** Absent where it is the id. */
  readonly k?: string;
  readonly s: string;
  readonly l: Language;
  readonly c: number;
  readonly b?: true;
  readonly a?: string;
  readonly t?: Tier;
  readonly f?: Factor;
}

const minuteMs = 60_000;
const visitMs = limits.preAuthenticationMinutes * minuteMs;
const idleMs = limits.sessionIdleMinutes * minuteMs;
const totalMs = limits.sessionTotalMinutes * minuteMs;

export interface VisitsOptions {
  readonly boxes: { readonly link: CookieBox; readonly session: CookieBox };
  /** Whether patients come by https: then cookies are `Secure` and bound to the host by `__Host-`. */
  readonly https: boolean;
  readonly now: () => number;
}

export type Visits = ReturnType<typeof createVisits>;

/**
 * The two cookies, the only place beside the message where the link secret exists: one from opening
 * a link until the proof, one from the proof until the end. Neither outlives the browser window.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2
 */
export function createVisits({ boxes, https, now }: VisitsOptions) {
  const prefix = https ? '__Host-' : '';
  const names = { link: `${prefix}link`, session: `${prefix}session` } as const;
  const attributes = { path: '/', httpOnly: true, secure: https, sameSite: 'lax' } as const;

  const set = (reply: FastifyReply, name: keyof typeof names, value: string) =>
    reply.setCookie(names[name], value, attributes);
  const clear = (reply: FastifyReply, name: keyof typeof names) =>
    reply.setCookie(names[name], '', { ...attributes, maxAge: 0 });

  async function open(request: FastifyRequest, name: keyof typeof names) {
    const value = request.cookies[names[name]];
    return value ? ((await boxes[name].open(value)) as Sealed | undefined) : undefined;
  }

  async function visitOf(request: FastifyRequest): Promise<LinkVisit | undefined> {
    const sealed = await open(request, 'link');
    return sealed && unseal(sealed);
  }

  async function sessionOf(request: FastifyRequest): Promise<Session | undefined> {
    const sealed = await open(request, 'session');
    if (sealed?.a === undefined || sealed.t === undefined || !sealed.f) return undefined;
    const endsAtMs = sealed.c + totalMs;
    const idleEndsAtMs = Math.min(now() + idleMs, endsAtMs);
    const { a: appointmentId, t: tier, f: factor } = sealed;
    return { ...unseal(sealed), appointmentId, tier, factor, endsAtMs, idleEndsAtMs };
  }

  async function setSession(reply: FastifyReply, session: Omit<Session, 'idleEndsAtMs'>) {
    const { appointmentId, tier, factor, endsAtMs } = session;
    const idleEndsAtMs = Math.min(now() + idleMs, endsAtMs);
    const value = await boxes.session.seal(
      { ...seal(session), a: appointmentId, t: tier, f: factor },
      { expiresAt: new Date(idleEndsAtMs) },
    );
    set(reply, 'session', value);
    return { ...session, idleEndsAtMs };
  }

  async function setVisit(reply: FastifyReply, visit: LinkVisit) {
    const expiresAt = new Date(visit.createdAtMs + visitMs);
    set(reply, 'link', await boxes.link.seal(seal(visit), { expiresAt }));
    return visit;
  }

  return {
    /** The visit before proof, or undefined without a cookie that still holds. */
    visitOf,

    sessionOf,

    /** Whether the browser brought a cookie of ours, one that no longer holds included. */
    isReturning(request: FastifyRequest): boolean {
      return Object.values(names).some((name) => request.cookies[name] !== undefined);
    },

    /**
     * Begins a visit with a link's secret, and ends any session that ran.
     *
     * A link that is opened again in the same browser goes on with its visit, for another 15 minutes:
     * many find back from reading a code by way of their mail, and the code must still count, also where
     * it was asked for from a session.
     */
    async begin(
      { request, reply }: { request: FastifyRequest; reply: FastifyReply },
      { linkSecret, language }: Pick<LinkVisit, 'linkSecret' | 'language'>,
    ): Promise<LinkVisit> {
      if (request.cookies[names.session] !== undefined) clear(reply, 'session');
      const ofSameLink = (before: LinkVisit | undefined) =>
        before?.linkSecret.reveal().equals(linkSecret.reveal()) ? before : undefined;
      const id = newId();
      const codesId = ofSameLink(await sessionOf(request))?.codesId ?? id;
      const visit = ofSameLink(await visitOf(request)) ?? { id, codesId, birthDateProved: false };
      return setVisit(reply, { ...visit, linkSecret, language, createdAtMs: now() });
    },

    /**
     * Turns a visit into a session, or a session into one that may see more, under a new id. The
     * time of a whole session begins once, with its first proof.
     */
    async prove(
      reply: FastifyReply,
      asker: LinkVisit | Session,
      { appointmentId, tier, factor }: Pick<Session, 'appointmentId' | 'tier' | 'factor'>,
    ): Promise<void> {
      const createdAtMs = 'endsAtMs' in asker ? asker.createdAtMs : now();
      const endsAtMs = createdAtMs + totalMs;
      clear(reply, 'link');
      await setSession(reply, {
        ...asker,
        id: newId(),
        createdAtMs,
        endsAtMs,
        appointmentId,
        tier,
        factor,
      });
    },

    /** Remembers that a birth date was typed right which opens nothing, under a new id. */
    noteBirthDate: (reply: FastifyReply, visit: LinkVisit) =>
      setVisit(reply, { ...visit, id: newId(), birthDateProved: true }),

    /** Notes that a session is in use: its idle time begins anew. */
    refresh: setSession,

    /** Remembers another language. */
    setVisit,

    /** Ends whatever runs; says nothing to a browser that brought no cookie. */
    end(request: FastifyRequest, reply: FastifyReply): void {
      for (const name of ['link', 'session'] as const) {
        if (request.cookies[names[name]] !== undefined) clear(reply, name);
      }
    },
  };
}

function newId(): Secret<string> {
  return new Secret(randomBytes(16).toString('base64url'));
}

function seal({ id, codesId, linkSecret, ...visit }: LinkVisit): Sealed {
  const { language, createdAtMs, birthDateProved } = visit;
  return {
    i: id.reveal(),
    ...(codesId.reveal() !== id.reveal() && { k: codesId.reveal() }),
    s: linkSecret.reveal().toString('base64url'),
    l: language,
    c: createdAtMs,
    ...(birthDateProved && { b: true as const }),
  };
}

function unseal({ i, k = i, s, l, c, b }: Sealed): LinkVisit {
  return {
    id: new Secret(i),
    codesId: new Secret(k),
    linkSecret: new Secret(Buffer.from(s, 'base64url')),
    language: l,
    createdAtMs: c,
    birthDateProved: b === true,
  };
}
