import fc, { type Arbitrary } from 'fast-check';
import { routeRows } from '../support/route-rows.ts';
import type { FuzzRequest } from './exchange.ts';
import { awkwardTexts } from './json-values.ts';

/** Somebody who opened a link: what their browser holds at the question, and after the proof. */
export interface FuzzVisitor {
  readonly token: string;
  /** As a `Cookie` header has it. */
  readonly visit: string;
  readonly session: string;
  readonly visitForm: string;
  readonly sessionForm: string;
  /** What this one's appointment shows after proof, and nobody else's. */
  readonly details: string;
}

export interface PageFuzzRequest extends FuzzRequest {
  /** Whose whole session goes with it, if any. */
  readonly sessionsOf: readonly number[];
}

const fields = [
  ...['pin', 'code', 'birth-day', 'birth-month', 'birth-year', 'answer', 'form', 'lang'],
  ...['__proto__', 'constructor', 'another', 'answer[]'],
];

/** What browsers, scanners and thieves might send to the pages of patients. */
export function pageRequests(
  visitors: readonly FuzzVisitor[],
  canary: string,
): Arbitrary<PageFuzzRequest> {
  const number = fc.nat(visitors.length - 1);
  const at = (index: number) => visitors[index] as FuzzVisitor;
  const garbled = (text: string) => fc.nat(text.length - 1).map((place) => garble(text, place));
  const tokens = fc.oneof(
    { weight: 3, arbitrary: number.map((index) => at(index).token) },
    { weight: 3, arbitrary: number.chain((index) => garbled(at(index).token)) },
    {
      weight: 1,
      arbitrary: awkwardTexts(canary).map((text) => encodeURIComponent(text.slice(0, 300))),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('%2e%2e', '%', '%ff', '/evil.example', '\\evil.example'),
    },
  );
  const values = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom('482913', '000000', '14', '2', '1980', 'stop', 'sms', ''),
    },
    { weight: 1, arbitrary: awkwardTexts(canary) },
  );
  const cookies = fc.oneof(
    { weight: 2, arbitrary: fc.constant({ cookie: '', sessionsOf: [] as number[], form: '' }) },
    {
      weight: 3,
      arbitrary: number.map((index) => ({
        cookie: at(index).visit,
        sessionsOf: [],
        form: at(index).visitForm,
      })),
    },
    {
      weight: 3,
      arbitrary: number.map((index) => ({
        cookie: at(index).session,
        sessionsOf: [index],
        form: at(index).sessionForm,
      })),
    },
    // As a host beside ours could toss them.
    {
      weight: 2,
      arbitrary: fc.tuple(number, number).map(([one, other]) => ({
        cookie: `${at(one).visit}; ${at(other).session}; ${at(one).session}`,
        sessionsOf: [other, one],
        form: at(one).visitForm,
      })),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(number, fc.integer({ min: 8, max: 60 })).map(([index, place]) => ({
        cookie: garble(at(index).session, place),
        sessionsOf: [],
        form: '',
      })),
    },
  );
  const routes = [...Object.keys(routeRows.patient), 'GET /nowhere', 'POST /:token'];
  return fc
    .record({
      route: fc.constantFrom(...routes),
      token: tokens,
      cookies,
      form: fc.oneof(
        fc.constant('own'),
        fc.constant('none'),
        number.map((index) => at(index).sessionForm),
      ),
      pairs: fc.array(fc.tuple(fc.constantFrom(...fields), values), { maxLength: 4 }),
      method: fc.oneof(
        { weight: 9, arbitrary: fc.constant(undefined) },
        {
          weight: 1,
          arbitrary: fc.constantFrom('HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'),
        },
      ),
      query: fc.constantFrom(
        '',
        '',
        '?lang=de',
        '?lang=xx',
        '?next=//evil.example',
        '?__proto__[a]=b',
        '?lang=fr&lang=de',
      ),
      type: fc.constantFrom(
        'application/x-www-form-urlencoded',
        'application/x-www-form-urlencoded',
        'application/json',
        canary,
      ),
      more: fc.constantFrom<Record<string, string>>(
        ...[{}, {}, {}, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }],
        ...[
          { 'accept-language': `${canary};q=9,de` },
          { 'x-forwarded-for': canary },
          { referer: canary },
        ],
        { host: 'evil.example', 'x-forwarded-host': 'evil.example' },
      ),
    })
    .map(({ route, token, cookies: held, form, pairs, method, query, type, more }) => {
      const [usual = '', path = ''] = route.split(' ');
      const filled = pairs.filter(([name]) => name !== 'form');
      if (form !== 'none') filled.unshift(['form', form === 'own' ? held.form : form]);
      const isPost = usual === 'POST';
      return {
        route: `${method ?? usual} ${path}`,
        method: method ?? usual,
        path: path.replace(':token', token).replace(/:channel|:organisation/, 'sms') + query,
        sessionsOf: held.sessionsOf,
        headers: {
          ...(held.cookie === '' ? {} : { cookie: held.cookie }),
          ...(isPost ? { 'content-type': type } : {}),
          ...more,
        },
        ...(isPost && method === undefined && { body: new URLSearchParams(filled).toString() }),
      };
    });
}

/** A cookie is changed where each bit counts: in its header, behind `session=`. */
function garble(text: string, place: number): string {
  const other = text[place] === 'A' ? 'B' : 'A';
  return text.slice(0, place) + other + text.slice(place + 1);
}
