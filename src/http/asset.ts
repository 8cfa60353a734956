import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A file of a page, served at `path` and linked at an address that changes with it. */
export interface Asset {
  readonly body: string;
  readonly path: string;
  readonly href: string;
}

export function readAsset(file: URL, path: string): Asset {
  const body = readFileSync(file, 'utf8');
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 10);
  return { body, path, href: `${path}?v=${digest}` };
}
