import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type FaultControl, faultsSchema } from '../faults.ts';
import type { MessageStore } from '../message-store.ts';
import { oneClickPost, oneClickUrl } from '../one-click.ts';
import { readPeople } from '../people.ts';
import type { Poster } from '../poster.ts';
import { problemsOf, replySchema } from '../programs.ts';
import type { TakeReply } from '../replies.ts';
import { mailHtml, mailHtmlHeaders } from './mail-html.ts';
import { problemPage, sandboxPage } from './sandbox-page.ts';
import { type Chosen, viewOf } from './view.ts';

const files = [
  ['sandbox.css', 'text/css; charset=utf-8'],
  ['sandbox.js', 'text/javascript; charset=utf-8'],
  ['favicon.svg', 'image/svg+xml'],
] as const;

interface PageDeps {
  readonly store: MessageStore;
  readonly faults: FaultControl;
  readonly poster: Poster;
  readonly takeReply: TakeReply;
  readonly mayCall: (url: URL) => boolean;
  readonly directory: string;
  readonly patientUrl: string;
  readonly now: () => number;
}

/** The page for people. Its forms work without JavaScript and lead back to the page. */
export function pageRoutes(deps: PageDeps) {
  const { store } = deps;

  return async function routes(app: FastifyInstance): Promise<void> {
    for (const [name, type] of files) {
      const content = readFileSync(new URL(name, import.meta.url));
      app.get(`/${name}`, (_request, reply) => reply.type(type).send(content));
    }

    app.get('/', async (request, reply) => {
      const page = await sandboxPage({
        view: viewOf(store, readPeople(deps.directory), chosenIn(request.query)),
        faults: deps.faults.current(),
        patientUrl: deps.patientUrl,
        nowMs: deps.now(),
      });
      return reply.type('text/html; charset=utf-8').send(page);
    });

    app.post('/phone/reply', async (request, reply) => {
      const parsed = replySchema.safeParse(request.body ?? {});
      if (!parsed.success) return refuse(reply, problemsOf(parsed.error));
      deps.takeReply({ phone: parsed.data.to, text: parsed.data.text });
      return back(reply, `/#phone-${parsed.data.to.slice(1)}`);
    });

    app.post('/empty', async (_request, reply) => {
      store.empty();
      return back(reply, '/');
    });

    await app.register(async (scope) => mailRoutes(scope, deps));
    await app.register(async (scope) => faultRoutes(scope, deps));
  };
}

function mailRoutes(app: FastifyInstance, { store, poster, mayCall }: PageDeps): void {
  function find(params: unknown) {
    const message = store.find((params as { id: string }).id);
    return message?.channel === 'email' ? message : undefined;
  }

  app.get('/mail/:id/html', (request, reply) => {
    const mail = find(request.params);
    if (typeof mail?.html !== 'string') return reply.code(404).send({ error: 'unknown_message' });
    return reply
      .headers(mailHtmlHeaders)
      .type('text/html; charset=utf-8')
      .send(mailHtml(mail.html));
  });

  app.post('/mail/:id/unsubscribe', async (request, reply) => {
    const mail = find(request.params);
    const url = mail && oneClickUrl(mail);
    if (!mail || !url || !mayCall(url)) {
      return refuse(reply, [{ path: 'List-Unsubscribe', message: 'leads nowhere from here' }]);
    }
    store.changeMail(mail.id, { unsubscribed: await poster.once(oneClickPost(url)) });
    return back(reply, `/?mail=${mail.id}#mail`);
  });
}

function faultRoutes(app: FastifyInstance, { faults }: PageDeps): void {
  const set = (change: object, reply: FastifyReply) => {
    const parsed = faultsSchema.safeParse({ ...faults.current(), ...change });
    if (!parsed.success) return refuse(reply, problemsOf(parsed.error));
    faults.set(parsed.data);
    return back(reply, '/');
  };

  app.post('/faults/sms', async (request, reply) => {
    const { listLagSeconds, forceRedaction, ...rest } = formOf(request.body);
    return set(
      {
        sms: {
          ...rest,
          ...(listLagSeconds === undefined ? {} : { listLagSeconds: Number(listLagSeconds) }),
          forceRedaction: forceRedaction !== undefined,
        },
      },
      reply,
    );
  });
  app.post('/faults/email', async (request, reply) => set({ email: formOf(request.body) }, reply));
  app.post('/no-faults', async (_request, reply) => set({ sms: {}, email: {} }, reply));
}

/** A form as the schema of faults wants it. */
function formOf(body: unknown): Record<string, unknown> {
  const { rate, ...rest } = (body ?? {}) as Record<string, string>;
  return rate === undefined ? rest : { ...rest, rate: Number(rate) };
}

function chosenIn(query: unknown): Chosen {
  const { phone, mailbox, mail } = query as Record<string, unknown>;
  const number = typeof phone === 'string' ? phone.replace(/[^\d+]/g, '') : '';
  return {
    ...(number === '' ? {} : { phone: number }),
    ...(typeof mailbox === 'string' && mailbox !== '' ? { mailbox } : {}),
    ...(typeof mail === 'string' && mail !== '' ? { mail } : {}),
  };
}

function back(reply: FastifyReply, to: string): FastifyReply {
  return reply.redirect(to, 303);
}

async function refuse(reply: FastifyReply, problems: { path: string; message: string }[]) {
  const page = await problemPage(problems.map(({ path, message }) => `${path}: ${message}`));
  return reply.code(422).type('text/html; charset=utf-8').send(page);
}
