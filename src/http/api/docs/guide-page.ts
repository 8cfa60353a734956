import { posix } from 'node:path';
import { html, raw } from 'hono/html';
import { Marked, type Tokens } from 'marked';
import { plainPage } from '../../plain-page.ts';
import { type Guide, guideNames, guideOfFile, readGuide } from './guides.ts';

/**
 * A guide as a page, whole without JavaScript.
 *
 * Its Markdown is ours, part of the program, and no text of anybody else's ever comes here. Raw HTML and
 * pictures in it are shown as text all the same: the page's policy would load neither.
 */
export function guidePage(guide: Guide): Promise<string> {
  const { text, sections } = renderGuide(guide);
  const [title = '', ...rest] = text.split(/(?<=<\/h1>)/);
  const body = html`<nav aria-label="Documentation">${guideLinks(guide.name)}</nav>
${raw(title)}
<nav aria-label="On this page"><ul class="guides">${sections.map(
    ({ anchor, title }) => html`<li><a href="#${anchor}">${raw(title)}</a></li>`,
  )}</ul></nav>
${raw(rest.join(''))}`;
  return plainPage({ title: `Sotto: ${guide.title}`, body });
}

/** The way to every guide and to the API's description. */
export function guideLinks(current?: string) {
  const guides = guideNames.map(readGuide);
  return html`<ul class="guides"><li>${current === undefined ? 'The API' : html`<a href="/docs">The API</a>`}</li>${guides.map(
    ({ name, title }) =>
      html`<li>${name === current ? title : html`<a href="/docs/${name}">${title}</a>`}</li>`,
  )}</ul>`;
}

interface Rendered {
  readonly text: string;
  /** Its headings of the second level. */
  readonly sections: readonly { readonly anchor: string; readonly title: string }[];
}

function renderGuide({ file, markdown }: Guide): Rendered {
  const seen = new Map<string, number>();
  const sections: { anchor: string; title: string }[] = [];
  const marked = new Marked({
    gfm: true,
    async: false,
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading) {
        const anchor = anchorOf(text, seen);
        const title = this.parser.parseInline(tokens);
        if (depth === 2) sections.push({ anchor, title });
        return `<h${depth} id="${anchor}">${title}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const inner = this.parser.parseInline(tokens);
        const target = targetOf(href, file);
        return target === undefined ? inner : `<a href="${escaped(target)}">${inner}</a>`;
      },
      image: ({ text }: Tokens.Image) => escaped(text),
      html: ({ text }: Tokens.HTML | Tokens.Tag) => escaped(text),
      code: ({ text }: Tokens.Code) => `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`,
      table(token: Tokens.Table) {
        const row = (cells: Tokens.TableCell[], tag: string) =>
          `<tr>${cells.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag === 'td' ? 'td' : 'th'}>`).join('')}</tr>`;
        const head = row(token.header, 'th scope="col"');
        const lines = token.rows.map((cells) => row(cells, 'td')).join('');
        return `<div class="scroll" tabindex="0"><table><thead>${head}</thead><tbody>${lines}</tbody></table></div>\n`;
      },
    },
  });
  return { text: marked.parse(markdown) as string, sections };
}

/** As code hosts make them, so that one link is good in both places. */
function anchorOf(text: string, seen: Map<string, number>): string {
  const anchor = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
  const count = seen.get(anchor) ?? 0;
  seen.set(anchor, count + 1);
  return count === 0 ? anchor : `${anchor}-${count}`;
}

/**
 * Where a link of a file leads when it is served: another guide, or the web. A file that is not served
 * is named and not linked.
 */
function targetOf(href: string, file: string): string | undefined {
  if (/^(?:https?:|#|\/)/.test(href)) return href;
  const [path = '', anchor] = href.split('#', 2);
  const guide = guideOfFile(posix.join(posix.dirname(file), path));
  return guide && `/docs/${guide}${anchor === undefined ? '' : `#${anchor}`}`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
