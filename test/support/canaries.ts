import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

interface Form {
  readonly name: string;
  readonly bytes: Buffer;
  /** So short a number stands in many a longer one: it counts where it stands alone. */
  readonly alone: boolean;
}

/** Canaries made ready to be looked for in one pass, however many they are. */
export interface CanaryForms {
  readonly names: readonly string[];
  /** By the first four bytes. */
  readonly byHead: ReadonlyMap<number, readonly Form[]>;
  /** Which two bytes any of them begins with. */
  readonly pairs: Uint8Array;
}

const formBytesMin = 6;
const shortNumberMax = 7;

/**
 * What a place may not hold, in every form it might be written in.
 *
 * @param canaries texts, or bytes that may stand there raw
 */
export function canaryForms(canaries: Readonly<Record<string, string | Buffer>>): CanaryForms {
  const byHead = new Map<number, Form[]>();
  const pairs = new Uint8Array(0x1_0000);
  for (const [name, value] of Object.entries(canaries)) {
    for (const bytes of formsOf(value)) {
      const head = bytes.readUInt32BE(0);
      const alone = bytes.length <= shortNumberMax && /^\d+$/.test(bytes.toString('latin1'));
      byHead.set(head, [...(byHead.get(head) ?? []), { name, bytes, alone }]);
      pairs[bytes.readUInt16BE(0)] = 1;
    }
  }
  return { names: Object.keys(canaries), byHead, pairs };
}

function formsOf(value: string | Buffer): Buffer[] {
  const bytes = Buffer.from(value);
  // base64 of a longer text holds the value at one of three offsets; the inner characters of
  // each are the same whatever stands around it.
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .slice(offset === 0 ? 0 : offset + 1, -4),
  );
  const encoded = [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64,
    ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
  ];
  const written =
    typeof value === 'string'
      ? [
          encodeURIComponent(value),
          encodeURIComponent(value).replaceAll('%20', '+'),
          JSON.stringify(value).slice(1, -1),
        ]
      : [];
  const texts = new Set([bytes.toString('latin1'), ...encoded, ...written.map(asLatin1)]);
  return [...texts]
    .map((text) => Buffer.from(text, 'latin1'))
    .filter(({ length }) => length >= formBytesMin);
}

function asLatin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The names of the canaries that stand in a text or in bytes. */
export function findCanaries(forms: CanaryForms, haystack: string | Buffer): string[] {
  const { byHead, pairs, names } = forms;
  const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
  const found = new Set<string>();
  let pair = bytes[0] ?? 0;
  for (let start = 0; start + formBytesMin <= bytes.length; start += 1) {
    pair = ((pair & 0xff) << 8) | (bytes[start + 1] ?? 0);
    if (pairs[pair] === 0) continue;
    for (const form of byHead.get(bytes.readUInt32BE(start)) ?? []) {
      if (!found.has(form.name) && standsAt(bytes, start, form)) found.add(form.name);
    }
  }
  return names.filter((name) => found.has(name));
}

function standsAt(bytes: Buffer, start: number, form: Form): boolean {
  const end = start + form.bytes.length;
  if (end > bytes.length || form.bytes.compare(bytes, start, end) !== 0) return false;
  return !form.alone || !isInsideWord(bytes, start, end);
}

/** In a longer number, an identifier or a fraction; after the `\n` of JSON a word begins anew. */
function isInsideWord(bytes: Buffer, start: number, end: number): boolean {
  const before = bytes.toString('latin1', Math.max(0, start - 2), start);
  const after = bytes.toString('latin1', end, end + 2);
  return (/(\w|\d\.)$/.test(before) && !/\\[nrt]$/.test(before)) || /^(\w|\.\d)/.test(after);
}

/** Every file below a folder, or the file itself. */
export function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The command lines of every process that this user may see. */
export function processArguments(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .join('\n');
}
