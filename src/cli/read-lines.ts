/** One line of a file, without its end. */
export interface Line {
  /** From 1, empty lines counted. */
  readonly number: number;
  /** Undefined for one that is longer than allowed. */
  readonly bytes: Buffer | undefined;
  /** How far into the file its end lies. */
  readonly endByte: number;
}

const newline = 0x0a;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** Lines that hold something, one at a time and never more of them in memory than one part holds. */
export async function* readLines(
  parts: AsyncIterable<Buffer>,
  { bytesMax }: { bytesMax: number },
): AsyncGenerator<Line> {
  let number = 0;
  let endByte = 0;
  let begun: Buffer[] = [];
  let begunBytes = 0;

  function keep(piece: Buffer): void {
    begunBytes += piece.length;
    if (begunBytes <= bytesMax + byteOrderMark.length + 1) begun.push(piece);
  }
  function line(): Line | undefined {
    const isTooLong = begunBytes > bytesMax + byteOrderMark.length + 1;
    const bytes = isTooLong ? undefined : trimmed(Buffer.concat(begun), number === 0);
    number += 1;
    begun = [];
    begunBytes = 0;
    if (bytes?.length === 0) return undefined;
    return { number, bytes: bytes && bytes.length <= bytesMax ? bytes : undefined, endByte };
  }

  for await (const part of parts) {
    let start = 0;
    for (let end = part.indexOf(newline); end >= 0; end = part.indexOf(newline, start)) {
      keep(part.subarray(start, end));
      endByte += end + 1 - start;
      start = end + 1;
      const found = line();
      if (found) yield found;
    }
    keep(part.subarray(start));
    endByte += part.length - start;
  }
  const last = begunBytes > 0 ? line() : undefined;
  if (last) yield last;
}

function trimmed(bytes: Buffer, isFirst: boolean): Buffer {
  const from = isFirst && bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
  const to = bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length;
  return bytes.subarray(from, Math.max(from, to));
}
