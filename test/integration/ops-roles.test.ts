import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { type OpsRole, opsRoles, roleAllows } from '../../src/domain/ops-role.ts';
import { buildOps, type OpsDeps } from '../../src/http/ops/build-ops.ts';
import { routeRoles } from '../../src/http/ops/route-roles.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { listRoutes } from '../support/list-routes.ts';

const url = 'http://localhost:3002';
const id = randomUUID();
const tokens = Object.fromEntries(opsRoles.map((role) => [role, role.padEnd(43, '_')])) as Record<
  OpsRole,
  string
>;
let app: FastifyInstance;
let forbidden: string[] = [];

beforeAll(async () => {
  // Whatever a route asks for is not there: what matters is who may ask.
  const nothing = async () => {
    throw new AppError('not_found');
  };
  const deps = {
    ...{ log: silentLog, opsUrl: url, apiUrl: url, isPasswordTaken: true, aloneMax: 1 },
    findVisitor: async (token: { reveal(): string }) => {
      const role = opsRoles.find((one) => tokens[one] === token.reveal());
      return role && { id, name: role, role, sessionId: id };
    },
    recordForbidden: async ({ route }: { route: string }) => void forbidden.push(route),
    signOut: async () => {},
  };
  const known = new Proxy(deps as unknown as OpsDeps, {
    get: (target, name) => Reflect.get(target, name) ?? (name === 'provider' ? undefined : nothing),
    has: () => true,
  });
  app = await buildOps(known);
});
afterAll(() => app.close());

const open = new Set(['/livez', '/readyz', '/metrics', '/login', '/favicon.ico']);
const ask = (route: string, role: OpsRole) => {
  const [method = 'GET', path = ''] = route.split(' ');
  return app.inject({
    method: method as 'GET',
    url: path.replace(':id', id),
    headers: { cookie: `ops-session=${tokens[role]}`, origin: url },
  });
};

describe('each role', () => {
  it('is named for every route behind the sign-in', async () => {
    const routes = (await listRoutes(app)).filter((route) => {
      const path = route.split(' ')[1] ?? '';
      return !open.has(path) && !path.startsWith('/queues') && !path.endsWith('.css');
    });
    expect(Object.keys(routeRoles).toSorted()).toEqual(routes.toSorted());
  });

  it.each(opsRoles)('%s may do what the table says, and nothing else', async (role) => {
    for (const [route, needed] of Object.entries(routeRoles)) {
      forbidden = [];
      const { statusCode } = await ask(route, role);
      const isRefused = forbidden.length > 0;
      expect(isRefused, `${role} ${route}`).toBe(!roleAllows(role, needed));
      if (isRefused) expect(statusCode, `${role} ${route}`).toBe(403);
      // What is let in and changes something still needs its form.
      else if (route.startsWith('POST')) expect(statusCode, `${role} ${route}`).toBe(403);
      else expect(statusCode, `${role} ${route}`).not.toBe(403);
    }
  });

  it('is no help to whoever is not signed in', async () => {
    for (const route of Object.keys(routeRoles)) {
      const [method = 'GET', path = ''] = route.split(' ');
      const answer = await app.inject({ method: method as 'GET', url: path.replace(':id', id) });
      expect(answer.statusCode, route).toBe(method === 'GET' ? 303 : 401);
    }
  });
});
