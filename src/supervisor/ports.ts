import { once } from 'node:events';
import { createServer } from 'node:net';
import { StartError, systemErrorCode } from './start-error.ts';

/**
 * Makes sure that every port can be listened on, before anything is started.
 *
 * @param ports port numbers by the name of the variable that sets them
 * @throws {StartError} with a line for each that cannot
 */
export async function checkPortsFree(host: string, ports: Record<string, number>): Promise<void> {
  const held: ReturnType<typeof createServer>[] = [];
  const problems: string[] = [];
  try {
    for (const [variable, port] of Object.entries(ports)) {
      const server = createServer();
      try {
        await once(server.listen({ host, port, exclusive: true }), 'listening');
        held.push(server);
      } catch (error) {
        problems.push(explain(variable, port, host, systemErrorCode(error)));
      }
    }
  } finally {
    await Promise.all(held.map((server) => once(server.close(), 'close')));
  }
  if (problems.length > 0) throw new StartError(problems.join('\n'));
}

function explain(variable: string, port: number, host: string, code: string | undefined): string {
  if (code === 'EADDRINUSE') return `Port ${port} is taken: set ${variable} to a free one.`;
  if (code === 'EADDRNOTAVAIL') return `HOST ${host} is no address of this machine.`;
  return `Port ${port} (${variable}) cannot be used on ${host}: ${code}.`;
}
