import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { html, raw } from 'hono/html';
import { paths } from '../paths.ts';

/** What bull-board's page loads: known by name before anybody asks, so that no path leads elsewhere. */
export interface BoardFiles {
  page(config: string): Promise<string>;
  file(name: string): Promise<{ type: string; content: Buffer } | undefined>;
}

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** @param folder the one that bull-board names */
export async function readBoardFiles(folder: string): Promise<BoardFiles> {
  const names = new Set(
    (await readdir(join(folder, 'static'), { recursive: true })).map((name) =>
      name.replaceAll('\\', '/'),
    ),
  );
  const { styles, scripts } = findAssets(await readFile(join(folder, 'index.ejs'), 'utf8'));
  return {
    page: async (config) => String(await boardPage({ config, styles, scripts })),
    async file(name) {
      const type = types[extname(name)];
      if (!type || !names.has(name)) return undefined;
      return { type, content: await readFile(join(folder, 'static', name)) };
    },
  };
}

/** Takes its own files out of bull-board's page, which would fetch fonts from a third party too. */
function findAssets(page: string): { styles: string[]; scripts: string[] } {
  const named = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, name = '']) => name);
  return {
    styles: named(/<link href="(static\/[\w./-]+\.css)"/g),
    scripts: named(/<script defer src="(static\/[\w./-]+\.js)"/g),
  };
}

/** The way back, which bull-board would keep in a menu. */
const style = `#back{position:fixed;inset:0 auto auto 0;z-index:999;padding:2px 16px;font:14px/20px system-ui,sans-serif;color:#fff;background:#334155}
#back:focus-visible{outline:2px solid #fff;outline-offset:-2px}`;
/** What a policy must allow for it. */
export const boardStyleSource = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;

interface Parts {
  readonly config: string;
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

const boardPage = ({ config, styles, scripts }: Parts) => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<base href="${paths.queues}/">
<title>Sotto: queue</title>
<link rel="icon" href="static/images/logo.svg">
<style>${raw(style)}</style>
${styles.map((name) => html`<link href="${name}" rel="stylesheet">`)}
</head>
<body>
<a id="back" href="${paths.overview}">← Overview</a>
<script id="__UI_CONFIG__" type="application/json">${raw(config.replaceAll('<', '\\u003c'))}</script>
<div id="root"></div>
<noscript><p>This board needs JavaScript. The <a href="${paths.overview}">overview</a> does not.</p></noscript>
${scripts.map((name) => html`<script defer src="${name}"></script>`)}
</body>
</html>
`;
