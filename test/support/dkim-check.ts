import { createHash, type KeyObject, verify } from 'node:crypto';

/** Whether the first DKIM signature of a message holds: rsa-sha256, relaxed/relaxed (RFC 6376, 3.4). */
export function isDkimSigned(raw: Buffer, publicKey: KeyObject): boolean {
  const { fields, body } = taken(raw);
  const signature = fields.find(({ name }) => name === 'dkim-signature');
  if (!signature) return false;
  const tags = tagsOf(signature.line);
  if (tags.a !== 'rsa-sha256' || tags.c !== 'relaxed/relaxed') return false;
  if (createHash('sha256').update(relaxedBody(body), 'latin1').digest('base64') !== tags.bh) {
    return false;
  }
  const unused = [...fields];
  const signed = (tags.h ?? '').split(':').flatMap((name) => {
    const at = unused.findLastIndex((field) => field.name === name.trim().toLowerCase());
    return at < 0 ? [] : unused.splice(at, 1).map(({ line }) => `${relaxed(line)}\r\n`);
  });
  const unsigned = signature.line.replace(/([;:\s]b=)[^;]*/, '$1');
  const content = Buffer.from(signed.join('') + relaxed(unsigned), 'latin1');
  return verify('sha256', content, publicKey, Buffer.from(tags.b ?? '', 'base64'));
}

/** The header fields that a message's signature covers. */
export function dkimFields(raw: Buffer): string[] {
  const signature = taken(raw).fields.find(({ name }) => name === 'dkim-signature');
  return (tagsOf(signature?.line ?? '').h ?? '').split(':');
}

function taken(raw: Buffer) {
  const text = raw.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const lines = text.slice(0, end).split(/\r\n(?![ \t])/);
  const fields = lines.map((line) => ({ name: line.split(':')[0]?.trim().toLowerCase(), line }));
  return { fields, body: text.slice(end + 4) };
}

function tagsOf(line: string): Record<string, string> {
  const tags = line.slice(line.indexOf(':') + 1).split(';');
  return Object.fromEntries(
    tags.map((tag) => {
      const at = tag.indexOf('=');
      return [tag.slice(0, at).trim(), tag.slice(at + 1).replace(/\s+/g, '')];
    }),
  );
}

function relaxed(line: string): string {
  const at = line.indexOf(':');
  const value = line
    .slice(at + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ');
  return `${line.slice(0, at).trim().toLowerCase()}:${value.trim()}`;
}

function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').trimEnd());
  const text = lines.join('\r\n').replace(/(\r\n)+$/, '');
  return text === '' ? '' : `${text}\r\n`;
}
