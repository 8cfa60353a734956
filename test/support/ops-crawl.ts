import { signInAt } from './ops-site.ts';
import type { System } from './system.ts';

/** Whatever stands behind more than this many addresses is not what a person looks at. */
const pagesMax = 120;
const board = '/queues/api/queues?activeQueue=bells&status=latest';
const starts = ['/', '/?mode=live', '/redrive', '/queues', board, '/metrics', '/readyz', '/livez'];

/** Everything that whoever signed in to the ops pages comes to, from link to link. */
export async function crawlOps(
  system: System,
  { references }: { references: readonly string[] },
): Promise<[path: string, text: string][]> {
  const { opsUrl, opsUser: name, opsPassword: password } = system.facts;
  const cookie = await signInAt(opsUrl, { name, password });
  const seen = new Map<string, string>();
  const ahead = [...starts, ...references.map((one) => `/find?q=${encodeURIComponent(one)}`)];
  for (let path = ahead.shift(); path !== undefined; path = ahead.shift()) {
    if (seen.has(path) || path.startsWith('/queues/static/')) continue;
    if (seen.size >= pagesMax) throw new Error(`more than ${pagesMax} pages, the next is ${path}`);
    const answer = await fetch(`${opsUrl}${path}`, { headers: { cookie }, redirect: 'manual' });
    const text = await answer.text();
    seen.set(path, `${answer.headers.get('location') ?? ''}\n${text}`);
    ahead.push(...linksOf(answer, text));
    if (path === board) ahead.push(...jobsOf(text));
    if (path.startsWith('/appointments/')) ahead.push(...redrivesOf(text));
  }
  return [...seen];
}

function linksOf(answer: Response, text: string): string[] {
  const location = answer.headers.get('location');
  const inPage = Array.from(text.matchAll(/(?:href|src)="(\/[^"#]*)["#]/g), ([, href = '']) =>
    href.replaceAll('&amp;', '&'),
  );
  return location === null ? inPage : [location, ...inPage];
}

/** Each job of the board, with what it says of its log. */
function jobsOf(answer: string): string[] {
  const { queues } = JSON.parse(answer) as { queues: { jobs: { id: string }[] }[] };
  return queues.flatMap(({ jobs }) =>
    jobs.flatMap(({ id }) => {
      const path = `/queues/api/queues/bells/${encodeURIComponent(id)}`;
      return [path, `${path}/logs`];
    }),
  );
}

/** What sending one again would do, also where no link offers it; of other ids nothing is there. */
function redrivesOf(page: string): string[] {
  const ids = Array.from(page.matchAll(/>([0-9a-f-]{36})</g), ([, id = '']) => id);
  return ids.map((id) => `/reminders/${id}/redrive`);
}
