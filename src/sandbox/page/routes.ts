import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type FaultControl, faultsSchema } from '../faults.ts';
import type { MessageStore } from '../message-store.ts';
import { readPeople } from '../people.ts';
import { problemsOf, replySchema } from '../programs.ts';
import { takeReply } from '../replies.ts';
import { phonePage, problemPage } from './phone-page.ts';
import { viewOf } from './view.ts';

const files = [
  ['sandbox.css', 'text/css; charset=utf-8'],
  ['sandbox.js', 'text/javascript; charset=utf-8'],
  ['favicon.svg', 'image/svg+xml'],
] as const;

/** The page for people. Its forms work without JavaScript and lead back to the page. */
export function pageRoutes(deps: {
  store: MessageStore;
  faults: FaultControl;
  directory: string;
  patientUrl: string;
  now: () => number;
}) {
  const { store, faults } = deps;

  return async function routes(app: FastifyInstance): Promise<void> {
    for (const [name, type] of files) {
      const content = readFileSync(new URL(name, import.meta.url));
      app.get(`/${name}`, (_request, reply) => reply.type(type).send(content));
    }

    app.get('/', async (request, reply) => {
      const { phone } = request.query as { phone?: string | string[] };
      const only = typeof phone === 'string' ? phone.replace(/[^\d+]/g, '') : '';
      const view = viewOf(store, readPeople(deps.directory), only === '' ? undefined : only);
      const page = await phonePage({
        view,
        faults: faults.current(),
        patientUrl: deps.patientUrl,
        nowMs: deps.now(),
      });
      return reply.type('text/html; charset=utf-8').send(page);
    });

    app.post('/phone/reply', async (request, reply) => {
      const parsed = replySchema.safeParse(request.body ?? {});
      if (!parsed.success) return refuse(reply, problemsOf(parsed.error));
      takeReply(store, { phone: parsed.data.to, text: parsed.data.text });
      return back(reply, `/#phone-${parsed.data.to.slice(1)}`);
    });

    app.post('/phone/empty', async (_request, reply) => {
      store.emptyPhones();
      return back(reply, '/');
    });

    app.post('/phone/faults', async (request, reply) => {
      const parsed = faultsSchema.safeParse(faultsFromForm(request.body));
      if (!parsed.success) return refuse(reply, problemsOf(parsed.error));
      faults.set(parsed.data);
      return back(reply, '/');
    });
  };
}

/** A form without fields, as the button "Back to normal" sends it, asks for no fault. */
function faultsFromForm(body: unknown): unknown {
  const { rate, listLagSeconds, forceRedaction, ...rest } = (body ?? {}) as Record<string, string>;
  return {
    sms: {
      ...rest,
      ...(rate === undefined ? {} : { rate: Number(rate) }),
      ...(listLagSeconds === undefined ? {} : { listLagSeconds: Number(listLagSeconds) }),
      forceRedaction: forceRedaction !== undefined,
    },
  };
}

function back(reply: FastifyReply, to: string): FastifyReply {
  return reply.redirect(to, 303);
}

async function refuse(reply: FastifyReply, problems: { path: string; message: string }[]) {
  const page = await problemPage(problems.map(({ path, message }) => `${path}: ${message}`));
  return reply.code(422).type('text/html; charset=utf-8').send(page);
}
