import { html } from 'hono/html';
import type { Factor } from '../../../domain/factor.ts';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import { paths } from '../paths.ts';
import type { Html } from './page.ts';

/** A link to another question. */
export interface Way {
  readonly factor: Factor;
  readonly path: string;
}

const pathOf: Readonly<Record<Factor, string>> = {
  passkey: paths.provePasskey,
  pin: paths.provePin,
  portal: paths.provePortal,
  birth_date: paths.proveBirthDate,
  code: paths.sendCode,
};

/** The ways that someone at one factor's page may take instead. */
export function otherWays(ways: readonly Factor[], current: Factor | undefined): Way[] {
  return ways
    .filter((factor) => factor !== current)
    .map((factor) => ({ factor, path: pathOf[factor] }));
}

/** The other ways as a list of links; nothing when there is none. */
export function waysList(language: Language, ways: readonly Way[]): Html | '' {
  if (ways.length === 0) return '';
  const texts = textsIn(language).prove.ways;
  return html`<ul class="ways">${ways.map(({ factor, path }) => html`<li><a class="tap" href="${path}">${texts[factor]}</a></li>`)}</ul>`;
}
