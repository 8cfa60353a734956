import { AppError } from '../domain/errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses a request body as JSON that means the same to everyone.
 *
 * Two readings of one request are how a field gets lost unseen. So bytes that are no UTF-8, a name
 * given twice, half a surrogate pair and `__proto__` are refused, where `JSON.parse` would repair,
 * drop or misplace them.
 *
 * @throws {AppError} `malformed_request`, without a word of the input
 * @see https://www.rfc-editor.org/rfc/rfc7493#section-2 I-JSON
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    if (hasOneReading(text)) return value;
  } catch {
    // Said below; the runtime's message quotes the input.
  }
  throw new AppError('malformed_request');
}

/** Scans a text that is known to be JSON. */
function hasOneReading(text: string): boolean {
  const stringOrMark = /"(?:[^"\\]+|\\.)*"|[{}[\],:]/g;
  // Names seen so far of each object that is open; undefined for an open array.
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (const [token] of text.matchAll(stringOrMark)) {
    if (token.startsWith('"')) {
      const string = token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
      if (!string.isWellFormed()) return false;
      if (!isName) continue;
      const names = open.at(-1);
      if (string === '__proto__' || names?.has(string)) return false;
      names?.add(string);
    } else if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined);
      isName = token === '{';
    } else if (token === '}' || token === ']') {
      open.pop();
      isName = false;
    } else {
      isName = token === ',' && open.at(-1) !== undefined;
    }
  }
  return true;
}
