import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const body = readFileSync(new URL('./style.css', import.meta.url), 'utf8');
const digest = createHash('sha256').update(body).digest('base64url').slice(0, 10);

/** The one stylesheet, at an address that changes with it, so that it may be kept for ever. */
export const stylesheet = { body, path: '/style.css', href: `/style.css?v=${digest}` } as const;
