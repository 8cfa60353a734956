import { html } from 'hono/html';
import { type ErrorCode, errorCodes } from '../../../domain/errors.ts';
import { plainPage } from '../../plain-page.ts';
import { fieldTexts, problemTexts } from './problem-texts.ts';

/** The page that the `type` of a problem leads to. */
export async function problemPage(code: ErrorCode): Promise<string> {
  const { status, title } = errorCodes[code];
  const { meaning, remedy } = problemTexts[code];
  const body = html`<h1><code>${code}</code></h1>
<p>${status}: ${title}</p>
<h2>What it means</h2>
<p>${meaning}</p>
<h2>What to do</h2>
<p>${remedy}</p>
${code === 'invalid_request' ? fieldList() : ''}
<p><a href="/docs">All of the documentation</a></p>`;
  return plainPage({ title: `${code}: Sotto API`, body });
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text);
}

function fieldList() {
  return html`<h2>Field codes</h2>
<dl>${Object.entries(fieldTexts).map(
    ([code, text]) => html`<dt><code>${code}</code></dt><dd>${text}</dd>`,
  )}</dl>`;
}
