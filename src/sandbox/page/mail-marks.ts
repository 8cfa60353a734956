import type { AcceptedMail } from '../accepted.ts';
import { linksIn } from '../links.ts';
import { oneClickUrl } from '../one-click.ts';

/** What a reminder by email should never do: lead elsewhere, load something, be hard to stop. */
export function marksOf(mail: AcceptedMail, patientUrl: string): string[] {
  const marks: string[] = [];
  const leads = [...linksIn(mail.text), ...htmlLinks(mail.html ?? '')];
  const unsubscribe = oneClickUrl(mail)?.href;
  const elsewhere = [...leads, ...(unsubscribe ? [unsubscribe] : [])].filter(
    (link) => !link.startsWith(`${patientUrl}/`),
  );
  for (const link of new Set(elsewhere)) {
    marks.push(`A link leads elsewhere than to ${patientUrl}: ${shortened(link)}`);
  }
  if (loadsSomething(mail.html ?? '')) {
    marks.push('The HTML part loads something from elsewhere, which was blocked');
  }
  if (!unsubscribe) marks.push('No unsubscribing with one click (RFC 8058)');
  return marks;
}

/** What its links lead to, web address or not. */
function htmlLinks(html: string): string[] {
  const attributes = html.matchAll(/\s(?:href|action)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/gi);
  return [...attributes].map(([, double, single, bare]) =>
    (double ?? single ?? bare ?? '').replaceAll('&amp;', '&').trim(),
  );
}

function loadsSomething(html: string): boolean {
  return /<(?:img|link|script|iframe|object|embed|video|audio|source)\b|url\s*\(|@import|\sbackground\s*=/i.test(
    html,
  );
}

function shortened(link: string): string {
  return link.length > 60 ? `${link.slice(0, 60)}…` : link;
}
