import { AppError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import { pad, unpad } from './bound.ts';

/**
 * Turns an accepted request body into the padded plaintext that is sealed, and proves that nothing
 * was lost on the way: the padded bytes are parsed again and must equal the body in every field.
 *
 * @returns `readBack`: the body as it is sealed
 * @throws {AppError} `not_stored` when they do not; nothing of the body is in the error
 */
export function prepareContent<Body>(body: Body): {
  plaintext: Secret<Buffer>;
  readBack: Secret<Body>;
} {
  const padded = encode(body);
  const readBack = padded && parse(padded);
  if (!padded || !sameJson(readBack, body)) throw new AppError('not_stored');
  return { plaintext: new Secret(padded), readBack: new Secret(readBack as Body) };
}

function encode(body: unknown): Buffer | undefined {
  try {
    return pad('content', Buffer.from(JSON.stringify(body)));
  } catch {
    return undefined; // what JSON cannot hold; the runtime's message would name fields
  }
}

function parse(padded: Buffer): unknown {
  try {
    return JSON.parse(unpad('content', padded).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Equality as JSON has it: prototypes do not matter, order of members neither, and -0 is 0. */
function sameJson(stored: unknown, given: unknown): boolean {
  if (!isContainer(stored) || !isContainer(given)) return stored === given;
  if (Array.isArray(stored) !== Array.isArray(given)) return false;
  const names = Object.keys(stored);
  return (
    names.length === Object.keys(given).length &&
    names.every((name) => Object.hasOwn(given, name) && sameJson(stored[name], given[name]))
  );
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
