import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html } from 'hono/html';
import { roleAllows } from '../../../domain/ops-role.ts';
import type { WatchedQueue } from '../../../domain/queue-job.ts';
import { paths } from '../paths.ts';
import { opsPage } from '../views/ops-page.ts';
import { type OpsVisitor, visitorOf } from '../visitor.ts';
import { answerBoardFault, BoardFault } from './board-fault.ts';
import { type BoardFiles, boardStyleSource, readBoardFiles } from './board-files.ts';
import type { QueueAction } from './board-queue.ts';
import { type BoardRoute, changes, pages, reads } from './board-routes.ts';
import { isFromBoard } from './is-from-board.ts';

export interface QueueBoardDeps {
  readonly opsUrl: string;
  readonly queue: WatchedQueue;
  recordQueueAction(entry: {
    actor: string;
    action: QueueAction;
    jobIds: readonly string[];
  }): Promise<void>;
}

/** bull-board runs its own scripts and wears its own styles, from here; nothing comes from elsewhere. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' ${boardStyleSource}`,
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const refreshS = 10;
const methods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * bull-board behind the session gate of `app`: everybody who is signed in looks, operators may let
 * jobs wait again and remove them.
 *
 * bull-board itself is loaded at the first visit. It decides nothing about who may do what: only
 * what stands in `board-routes.ts` reaches it.
 */
export function addQueueBoardRoutes(app: FastifyInstance, deps: QueueBoardDeps): void {
  let files: Promise<BoardFiles> | undefined;

  async function boardFor(visitor: OpsVisitor) {
    const { createBoard } = await import('./bull-board.ts');
    const mayAct = roleAllows(visitor.role, 'operator');
    return createBoard({
      queue: deps.queue,
      mayAct,
      badge: mayAct ? visitor.role : 'viewer: read only',
      recordAction: (action, jobIds) =>
        deps.recordQueueAction({ actor: visitor.name, action, jobIds }).catch((cause: unknown) => {
          throw new BoardFault('not_recorded', { cause });
        }),
    });
  }

  async function filesOf(folder: string): Promise<BoardFiles> {
    files ??= readBoardFiles(folder);
    return files;
  }

  async function showPage(request: FastifyRequest, reply: FastifyReply) {
    const visitor = visitorOf(request);
    const counted = await deps.queue.count().catch(() => undefined);
    reply.type('text/html; charset=utf-8');
    if (!counted) return reply.code(503).send(awayPage(visitor, request.url));
    const { folder, config } = await boardFor(visitor);
    const page = await (await filesOf(folder)).page(config);
    return reply.header('content-security-policy', policy).send(page);
  }

  const ask = (method: 'get' | 'put', route: BoardRoute) =>
    async function answer(request: FastifyRequest, reply: FastifyReply) {
      const board = await boardFor(visitorOf(request));
      const { status, body } = await board.answer(method, route, {
        params: request.params as Record<string, string>,
        query: request.query as Record<string, string>,
      });
      return reply.code(status).send(body);
    };

  /** Before any body is read, so that what is refused is refused in one voice. */
  async function refuse(): Promise<never> {
    throw new BoardFault('belongs_to_controls');
  }

  async function demandOperator(request: FastifyRequest): Promise<void> {
    if (!isFromBoard(request, deps.opsUrl)) throw new BoardFault('foreign');
    if (!roleAllows(visitorOf(request).role, 'operator')) throw new BoardFault('read_only');
  }

  app.register(async (board) => {
    board.setErrorHandler(answerBoardFault);
    for (const url of pages) board.get(paths.queues + url, showPage);
    board.get(paths.queues, async (_request, reply) => reply.redirect(`${paths.queues}/`, 303));
    board.get(`${paths.queues}/static/*`, async (request, reply) => {
      const { folder } = await boardFor(visitorOf(request));
      const { '*': name } = request.params as { '*': string };
      const file = await (await filesOf(folder)).file(name);
      if (!file) throw new BoardFault('not_found');
      return reply.type(file.type).send(file.content);
    });

    for (const route of reads) {
      board.get(paths.queues + route, ask('get', route));
    }
    for (const route of changes) {
      board.put(paths.queues + route, { onRequest: demandOperator }, ask('put', route));
    }
    const taken = new Set<string>(changes);
    for (const route of [...reads, ...changes, '/api/*']) {
      board.route({
        method: methods.filter((method) => method !== 'PUT' || !taken.has(route)),
        url: paths.queues + route,
        onRequest: refuse,
        handler: () => {},
      });
    }
  });
}

const awayPage = (visitor: OpsVisitor, address: string) =>
  opsPage({
    title: 'The queue is away',
    visitor,
    current: 'queues',
    refresh: { afterS: refreshS, address },
    content: html`<h1>The queue does not answer</h1>
<p>Reminders still go out: what is due stands in the database, and workers look there by themselves
every two seconds. Look at the <a href="${paths.overview}">overview</a> for whether they are late.</p>
<p>This page asks again every ${refreshS} seconds. <a href="${paths.overview}">Stop asking</a></p>`,
  });
