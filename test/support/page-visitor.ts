/** A page as it came, after all redirects. */
export interface SeenPage {
  readonly url: string;
  readonly status: number;
  readonly html: string;
  /** `data-step` of the page. */
  readonly step: string | undefined;
}

export type PageVisitor = ReturnType<typeof createPageVisitor>;

const redirectsMax = 5;

/** Carries one request to whoever is to answer it. */
export type Ask = (url: string, init: RequestInit) => Promise<Response>;

/**
 * A browser without JavaScript and without a screen: cookies, redirects and forms, over the network.
 *
 * @param always sent with every request, as a browser or a proxy before the pages would
 * @param ask what stands before the pages, where there is something
 */
export function createPageVisitor(always: Readonly<Record<string, string>> = {}, ask: Ask = fetch) {
  const jar = new Map<string, string>();
  const everHeld = new Set<string>();
  let page: SeenPage = { url: '', status: 0, html: '', step: undefined };

  function keepCookies(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jar.delete(name);
      else {
        jar.set(name, value);
        everHeld.add(value);
      }
    }
  }

  async function go(url: string, form?: Readonly<Record<string, string>>): Promise<SeenPage> {
    let target = new URL(url, page.url === '' ? undefined : page.url).href;
    let init: RequestInit = form ? { method: 'POST', body: new URLSearchParams(form) } : {};
    for (let hops = 0; hops <= redirectsMax; hops += 1) {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { ...always, cookie };
      const response = await ask(target, { ...init, redirect: 'manual', headers });
      keepCookies(response.headers);
      const location = response.headers.get('location');
      if (!location) {
        const html = await response.text();
        const step = /data-step="([a-z]+)"/.exec(html)?.[1];
        page = { url: target, status: response.status, html, step };
        return page;
      }
      await response.body?.cancel();
      target = new URL(location, target).href;
      init = {};
    }
    throw new Error('too many redirects');
  }

  /** The form of the page before us that holds these words. */
  function formWith(words: string): string {
    const forms = page.html.match(/<form[\s\S]*?<\/form>/g) ?? [];
    const form = forms.find((one) => one.includes(words));
    if (form === undefined) throw new Error(`no form with ${words} on a page of ${page.step}`);
    return form;
  }

  function send(form: string, fields: Readonly<Record<string, string>>): Promise<SeenPage> {
    const action = /action="([^"]*)"/.exec(form)?.[1] ?? '';
    const token = /name="form" value="([^"]*)"/.exec(form)?.[1];
    return /method="post"/.test(form)
      ? go(action, { ...(token === undefined ? {} : { form: token }), ...fields })
      : go(action);
  }

  return {
    go: (url: string) => go(url),
    /** Fills in the form that has the first of these fields, and sends it. */
    fill: (fields: Readonly<Record<string, string>>) =>
      send(formWith(`name="${Object.keys(fields)[0]}"`), fields),
    /** Presses the button of the form that goes to this address. */
    press: (action: string, fields: Readonly<Record<string, string>> = {}) =>
      send(formWith(`action="${action}"`), fields),
    /** The value of every cookie that was ever set here. */
    cookies: (): readonly string[] => [...everHeld],
  };
}
