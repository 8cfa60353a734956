import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A stylesheet, served at `path` and linked at an address that changes with it. */
export interface Stylesheet {
  readonly body: string;
  readonly path: string;
  readonly href: string;
}

export function readStylesheet(file: URL): Stylesheet {
  const body = readFileSync(file, 'utf8');
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 10);
  return { body, path: '/style.css', href: `/style.css?v=${digest}` };
}
