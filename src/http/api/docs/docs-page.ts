import { html } from 'hono/html';
import { errorCodes } from '../../../domain/errors.ts';
import { plainPage } from '../../plain-page.ts';
import { guideLinks } from './guide-page.ts';
import { fieldTexts, problemTexts } from './problem-texts.ts';
import { type Components, type JsonSchema, listFields, typeText } from './schema-fields.ts';

/** The parts of an OpenAPI document that the page shows. */
export interface OpenApiDocument {
  readonly info: { readonly title: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Components };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema: JsonSchema;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { description: string; content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

/** How to call an operation, by its id; what is not here is shown without an example. */
export type Examples = Readonly<Record<string, string>>;

/** The whole documentation on one page, made from the OpenAPI document that programs get. */
export async function docsPage(document: OpenApiDocument, examples: Examples): Promise<string> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const { schemas } = document.components;
  const body = html`<nav aria-label="Documentation">${guideLinks()}</nav>
<h1>${document.info.title} API, version 1</h1>
<p>${document.info.description}</p>
<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1), <a href="/.well-known/jwks.json">jwks.json</a>.</p>
<p>Every request sends <code>Authorization: Bearer sotto_test_…</code> or <code>sotto_live_…</code>; what one mode puts, the other does not see. A key of a platform names the organisation that it acts for in <code>Sotto-Organisation</code>.</p>
<p><code>reference</code> is your own id of the appointment, and the one thing of yours that operators and events show: never a name. A PUT may be repeated: it replaces.</p>
<h2 id="operations">Operations</h2>
<ul>${operations.map(
    ({ path, method, operation }) =>
      html`<li><a href="#${operation.operationId}"><code>${method.toUpperCase()} ${path}</code></a> ${operation.summary}</li>`,
  )}</ul>
${operations.map(
  ({
    path,
    method,
    operation,
  }) => html`<h2 id="${operation.operationId}"><code>${method.toUpperCase()} ${path}</code></h2>
<p>${operation.summary} ${operation.description ?? ''}</p>
${example(examples[operation.operationId])}
${parameterTable(operation)}
${bodyTable(operation, schemas)}
${answerTables(operation, schemas)}`,
)}
<h2 id="problems">Problems</h2>
<p>Every answer that is no success is <code>application/problem+json</code> (RFC 9457). Rely on <code>code</code>; titles may change. Nothing of what you sent is repeated.</p>
${problemTable()}
<h2 id="fields">Field codes</h2>
<p>In <code>errors</code> of <code>invalid_request</code>, each with a JSON Pointer (RFC 6901).</p>
${fieldCodeTable()}`;
  return plainPage({ title: 'Sotto API', body });
}

function example(text: string | undefined) {
  return text === undefined ? '' : html`<pre tabindex="0"><code>${text}</code></pre>`;
}

function parameterTable({ parameters = [] }: Operation) {
  if (parameters.length === 0) return '';
  return fieldTable(
    'Parameters',
    parameters.map((parameter) => ({
      path: parameter.name,
      type: `${parameter.in}: ${parameter.schema.pattern ?? typeText(parameter.schema)}`,
      required: parameter.required === true,
      description: parameter.description ?? '',
    })),
  );
}

function bodyTable({ requestBody }: Operation, schemas: Components) {
  const schema = requestBody?.content['application/json']?.schema;
  return schema ? fieldTable('Body', listFields(schema, schemas)) : '';
}

function answerTables({ responses }: Operation, schemas: Components) {
  const answers = Object.entries(responses).map(([status, response]) => ({
    status,
    schema: response.content?.['application/json']?.schema,
    problems: response.content?.['application/problem+json']
      ? response.description.split(', ')
      : [],
  }));
  const successes = answers.filter(({ schema }) => schema);
  const problems = answers.flatMap((answer) => answer.problems);
  const first = successes[0];
  return html`${
    first?.schema
      ? fieldTable(
          `Answer ${successes.map(({ status }) => status).join(' or ')}`,
          listFields(first.schema, schemas),
        )
      : ''
  }${
    problems.length > 0
      ? html`<p>Problems: ${problems.map((code) => html`<a href="#problem-${code}"><code>${code}</code></a> `)}</p>`
      : ''
  }`;
}

function fieldTable(caption: string, lines: ReturnType<typeof listFields>) {
  return html`<h3>${caption}</h3>
<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">About</th></tr></thead><tbody>${lines.map(
    (line) =>
      html`<tr><td><code>${line.path}</code>${line.required ? ' (required)' : ''}</td><td>${line.type}</td><td>${line.description}</td></tr>`,
  )}</tbody></table></div>`;
}

function problemTable() {
  return html`<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Means</th><th scope="col">Do</th></tr></thead><tbody>${Object.entries(
    errorCodes,
  ).map(([code, { status }]) => {
    const { meaning, remedy } = problemTexts[code as keyof typeof errorCodes];
    return html`<tr id="problem-${code}"><td><a href="/docs/problems/${code}"><code>${code}</code></a></td><td>${status}</td><td>${meaning}</td><td>${remedy}</td></tr>`;
  })}</tbody></table></div>`;
}

function fieldCodeTable() {
  return html`<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">Code</th><th scope="col">Means</th></tr></thead><tbody>${Object.entries(
    fieldTexts,
  ).map(
    ([code, text]) =>
      html`<tr id="field-${code}"><td><code>${code}</code></td><td>${text}</td></tr>`,
  )}</tbody></table></div>`;
}
