/** What the frame of an HTML part may do: show itself, with its own inline styles. */
export const mailHtmlHeaders = {
  'Content-Security-Policy': [
    'sandbox allow-popups allow-popups-to-escape-sandbox',
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    'img-src data:',
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
};

/** The HTML part as it came, but for its links: they open in a tab of their own. */
export function mailHtml(html: string): string {
  const base = '<base target="_blank">';
  const head = /<head(?:\s[^>]*)?>/i.exec(html) ?? /<html(?:\s[^>]*)?>/i.exec(html);
  if (!head) return `<!doctype html>${base}${html.replace(/^\s*<!doctype[^>]*>/i, '')}`;
  const after = head.index + head[0].length;
  return `${html.slice(0, after)}${base}${html.slice(after)}`;
}
