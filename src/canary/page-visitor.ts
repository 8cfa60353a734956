import { EdgeUnreachable } from './edge-unreachable.ts';

const timeoutMs = 10_000;
const redirectsMax = 5;
/** A proxy's word for a server that does not answer. */
const nobodyBehind = [502, 503, 504];

/** A page as it came, after all redirects. */
export interface SeenPage {
  readonly status: number;
  readonly html: string;
  /** `data-step` of its `main`. */
  readonly step: string | undefined;
}

/** Something that a page of ours always has is not there. */
export class PageUnlike extends Error {
  constructor() {
    super('page_unlike');
    this.name = 'PageUnlike';
  }
}

export type PageVisitor = ReturnType<typeof createPageVisitor>;

/**
 * A browser without JavaScript: cookies, redirects and forms, over the network and at one origin.
 *
 * Each step throws `EdgeUnreachable` where nobody answers, and `PageUnlike` where a form is missing.
 */
export function createPageVisitor(origin: string) {
  const jar = new Map<string, string>();
  let at = `${origin}/`;
  let page: SeenPage = { status: 0, html: '', step: undefined };

  function keepCookies(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
  }

  /** Leads nowhere else, whoever wrote the address. */
  function here(address: string): string {
    const url = URL.parse(address, at);
    if (url?.origin !== origin) throw new PageUnlike();
    return url.href;
  }

  async function ask(address: string, init: RequestInit): Promise<Response> {
    const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ');
    const signal = AbortSignal.timeout(timeoutMs);
    return fetch(address, { ...init, redirect: 'manual', headers: { cookie }, signal }).catch(
      () => {
        throw new EdgeUnreachable('patient');
      },
    );
  }

  async function go(address: string, fields?: Readonly<Record<string, string>>): Promise<SeenPage> {
    at = here(address);
    let init: RequestInit = fields ? { method: 'POST', body: new URLSearchParams(fields) } : {};
    for (let hops = 0; hops <= redirectsMax; hops += 1) {
      const response = await ask(at, init);
      if (nobodyBehind.includes(response.status)) throw new EdgeUnreachable('patient');
      keepCookies(response.headers);
      const location = response.headers.get('location');
      const html = await response.text().catch(() => {
        throw new EdgeUnreachable('patient');
      });
      if (location === null) {
        const step = /<main [^>]*data-step="([a-z]+)"/.exec(html)?.[1];
        page = { status: response.status, html, step };
        return page;
      }
      at = here(location);
      init = {};
    }
    throw new PageUnlike();
  }

  function send(words: string, fields: Readonly<Record<string, string>>): Promise<SeenPage> {
    const forms = page.html.match(/<form[\s\S]*?<\/form>/g) ?? [];
    const form = forms.find((one) => one.includes(words));
    if (form === undefined) throw new PageUnlike();
    const action = /action="([^"]*)"/.exec(form)?.[1] ?? '';
    const token = /name="form" value="([^"]*)"/.exec(form)?.[1] ?? '';
    return /method="post"/.test(form) ? go(action, { form: token, ...fields }) : go(action);
  }

  return {
    go: (address: string) => go(address),
    /** Fills in the form that has the first of these fields, and sends it. */
    fill: async (fields: Readonly<Record<string, string>>) =>
      send(`name="${Object.keys(fields)[0]}"`, fields),
    /** Presses the button of the form that goes to this address. */
    press: async (action: string) => send(`action="${action}"`, {}),
  };
}
