import { join, relative } from 'node:path';
import type { Config } from '../../config/env.ts';
import { hasLiveTransport } from '../../config/transports.ts';
import type { Secret } from '../domain/secret.ts';
import { reachableByName } from './reachable.ts';

/** What a newcomer signs in with: to the API and to the ops pages. */
export interface DemoAccess {
  readonly apiKey: Secret<string>;
  readonly opsUser: string;
  readonly opsPassword: Secret<string>;
}

/** What a newcomer reads when everything runs: where to look first, and how to stop it. */
export function startSummary({
  config,
  access,
  readyMs,
}: {
  config: Config;
  access: DemoAccess | undefined;
  readyMs: number;
}): string {
  const isSandbox = !hasLiveTransport(config);
  const sandboxUrl = `http://${reachableByName(config.HOST)}:${config.SANDBOX_PORT}`;
  const rows: [string, string | undefined][] = [
    ['Sandbox', isSandbox ? sandboxUrl : undefined],
    ['API', config.API_URL],
    ['Patient pages', config.PATIENT_URL],
    ['Ops', config.OPS_URL],
    ['', access && `user ${access.opsUser}, password ${access.opsPassword.reveal()}`],
    ['API key', access?.apiKey.reveal()],
    ['Logs', nearest(join(config.DATA_DIR, 'logs'))],
  ];
  const shown = rows.filter(([, value]) => value !== undefined);
  return [
    '',
    `Sotto is ready (${(readyMs / 1000).toFixed(1)} s).${isSandbox ? ' Messages arrive on the sandbox phone and mailbox.' : ''}`,
    '',
    ...(isSandbox && !isLoopback(config.HOST)
      ? [
          `  HOST is ${config.HOST}: whoever reaches this machine can read the sandbox phone and mailbox.`,
          '',
        ]
      : []),
    ...shown.map(([name, value]) => `  ${name.padEnd(15)}${value}`),
    '',
    'Ctrl+C stops everything.',
    '',
  ].join('\n');
}

/** From here if it lies below, else from the root. */
function nearest(path: string): string {
  const fromHere = relative('.', path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
