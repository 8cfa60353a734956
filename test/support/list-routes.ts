import type { FastifyInstance } from 'fastify';

/**
 * Every route there is, as `METHOD /path`, from the server itself: what answers something else than
 * 404 or 405 to each method, of all the patterns there are.
 */
export async function listRoutes(server: FastifyInstance): Promise<string[]> {
  const parents: string[] = [];
  const patterns = server
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent, part] = /^([│ ]*)[├└]── (\S+) \(/.exec(line) ?? [];
      if (indent === undefined || part === undefined) return [];
      const depth = indent.length / 4;
      parents[depth] = `${depth === 0 ? '' : parents[depth - 1]}${part}`;
      return [parents[depth]];
    });
  const found: string[] = [];
  for (const url of patterns) {
    for (const method of ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'] as const) {
      if (!server.hasRoute({ method, url })) continue;
      const { statusCode } = await server.inject({ method, url });
      if (statusCode !== 405) found.push(`${method} ${url}`);
    }
  }
  return found;
}
