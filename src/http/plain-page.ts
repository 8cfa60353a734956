import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';

type Markup = ReturnType<typeof html>;

const style = `:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:52rem;margin:0 auto;padding:1rem}
h1,h2,h3{line-height:1.2;margin-block:2rem .5rem}
code{font:.9em/1.45 ui-monospace,monospace}
pre{font-size:1rem;overflow-x:auto;padding:.75rem;border:1px solid}
.scroll{overflow-x:auto}
.guides{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;padding:0;list-style:none}
table{border-collapse:collapse;width:100%}
th,td{text-align:start;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid}
a:focus-visible{outline:3px solid}`;

/** Nothing but our own style sheet, known by its hash: no script, no image, no third party. */
export const plainPageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
} as const;

/** A page of text for people at work, whole without JavaScript. */
export async function plainPage({ title, body }: { title: string; body: Markup }): Promise<string> {
  return String(
    await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`,
  );
}
