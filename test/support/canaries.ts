import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What no place outside the patient's page may hold, in every form it might be written in. */
export function canaryForms(canaries: Readonly<Record<string, string>>): Map<string, Buffer[]> {
  return new Map(
    Object.entries(canaries).map(([name, value]) => {
      const bytes = Buffer.from(value);
      // base64 of a longer text holds the value at one of three offsets; the inner characters of
      // each are the same whatever stands around it.
      const base64 = [0, 1, 2].map((offset) =>
        Buffer.concat([Buffer.alloc(offset), bytes])
          .toString('base64')
          .slice(offset === 0 ? 0 : offset + 1, -4),
      );
      const forms = [
        value,
        bytes.toString('hex'),
        bytes.toString('hex').toUpperCase(),
        encodeURIComponent(value),
        encodeURIComponent(value).replaceAll('%20', '+'),
        JSON.stringify(value).slice(1, -1),
        ...base64,
        ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
      ];
      return [
        name,
        [...new Set(forms)].filter((form) => form.length >= 6).map((form) => Buffer.from(form)),
      ];
    }),
  );
}

/** The names of the canaries that stand in a text or in bytes. */
export function findCanaries(forms: Map<string, Buffer[]>, haystack: string | Buffer): string[] {
  const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
  return [...forms]
    .filter(([, all]) => all.some((form) => bytes.includes(form)))
    .map(([name]) => name);
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
