import { createBullBoard } from '@bull-board/api';
import type * as bull from '@bull-board/api/typings/app';
import { paths } from '../paths.ts';
import { BoardQueue, type BoardQueueDeps } from './board-queue.ts';

export interface BullBoard {
  /** The folder of its page and of what that loads. */
  readonly folder: string;
  /** What its page is to be told. */
  readonly config: string;
  /** @param route as bull-board writes it, with its parameters */
  answer(
    method: 'get' | 'put',
    route: string,
    asked: Asked,
  ): Promise<{ status: number; body: unknown }>;
}

interface Asked {
  readonly params: Record<string, string>;
  readonly query: Record<string, string>;
}

export interface BullBoardDeps extends BoardQueueDeps {
  readonly badge: string;
}

const pollingS = 10;

/** bull-board for one visitor. It keeps nothing: making one costs less than drawing its answer. */
export function createBoard({ badge, ...deps }: BullBoardDeps): BullBoard {
  const routes: bull.AppControllerRoute[] = [];
  let folder = '';
  let uiConfig: bull.UIConfig = {};
  let queues: bull.BullBoardQueues = new Map();

  const collector: bull.IServerAdapter = {
    setQueues(given) {
      queues = given;
      return collector;
    },
    setViewsPath(path) {
      folder = path;
      return collector;
    },
    setUIConfig(given) {
      uiConfig = given;
      return collector;
    },
    setApiRoutes(given) {
      routes.push(...given);
      return collector;
    },
    setStaticPath: () => collector,
    setEntryRoute: () => collector,
    setErrorHandler: () => collector,
  };
  createBullBoard({
    queues: [new BoardQueue(deps)],
    serverAdapter: collector,
    options: { uiConfig: configFor(badge) },
  });

  return {
    folder,
    config: JSON.stringify(uiConfig),
    async answer(method, path, { params, query }) {
      const route = routes.find((each) => each.method === method && each.route === path);
      if (!route) return { status: 404, body: {} };
      const asked = { queues, uiConfig, params, query, body: {}, headers: {} };
      const { status = 200, body } = await route.handler(asked);
      return { status, body };
    },
  };
}

function configFor(badge: string): bull.UIConfig {
  return {
    boardTitle: 'Sotto: queue',
    miscLinks: [
      { text: 'Overview', url: paths.overview },
      { text: 'Controls', url: paths.controls },
    ],
    locale: { lng: 'en-US' },
    pollingInterval: { forceInterval: pollingS, showSetting: false },
    environment: { label: badge, color: '#334155', textColor: '#ffffff' },
    hideDocsLink: true,
    hideRedisDetails: true,
    showWorkers: false,
    showMetrics: false,
  };
}
