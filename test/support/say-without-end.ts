import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const piece = Buffer.alloc(65_536, ' ');

/** Answers for as long as somebody listens. @returns how many bytes were asked of it so far */
export function sayWithoutEnd(response: ServerResponse): () => number {
  let saidBytes = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        saidBytes += piece.length;
        yield piece;
      }
    })(),
  );
  pipeline(endless, response).catch(() => {}); // whoever listened has gone
  return () => saidBytes;
}
