import {
  createHmac,
  createPublicKey,
  type JsonWebKeyInput,
  timingSafeEqual,
  verify,
} from 'node:crypto';

// For booking systems to copy: it needs node:crypto and no other file of ours. That it shares no code
// with what signs makes it a second opinion, too.

/** What a receipt says. */
export interface ReceiptContent {
  /** The id of the receipt, which the ledger's digest is made of. */
  readonly jti: string;
  readonly iss: string;
  /** When the version was accepted, in seconds since 1970. */
  readonly iat: number;
  readonly organisation: string;
  readonly mode: string;
  readonly reference: string;
  readonly appointment: string;
  readonly version: number;
  readonly fields: readonly string[];
  readonly digest: string;
}

/** What matches and what does not. Fields are named by JSON Pointer (RFC 6901); no value is repeated. */
export interface ReceiptFindings {
  readonly matches: boolean;
  /** `unknown_key`: signed with a key that is not among those given; `broken`: not what was signed. */
  readonly signature: 'valid' | 'unknown_key' | 'broken' | 'no_receipt';
  /** Only of a valid signature. */
  readonly content?: ReceiptContent;
  /** Fields of the body that the receipt does not name: they are not covered by it. */
  readonly notNamed: readonly string[];
  /** Fields that the receipt names and the body does not have. */
  readonly notSent: readonly string[];
  /** Whether the values, all together, are those that were stored, by the salt of the answer. */
  readonly valuesMatch: boolean;
  /** Members of the answer that say something else than its receipt. */
  readonly answerDiffers: readonly string[];
}

/**
 * Checks the answer to a PUT against the body that was sent, with nothing but the published keys. It
 * asks nobody and throws nothing, whatever it is given.
 *
 * @param input.body what was sent, parsed
 * @param input.answer what PUT answered, parsed
 * @param input.jwks the keys from `/.well-known/jwks.json`, fetched from an address you trust; never
 *   from the one that the receipt names
 * @see RFC 7515 (JWS), RFC 8037 (EdDSA), RFC 8785 (canonical JSON)
 */
export function verifyReceipt(input: {
  readonly body: unknown;
  readonly answer: unknown;
  readonly jwks: unknown;
}): ReceiptFindings {
  const answer = membersOf(input.answer);
  const read = readSigned(answer.receipt, input.jwks);
  const { content } = read;
  if (!content) {
    const nothing = { notNamed: [], notSent: [], valuesMatch: false, answerDiffers: [] };
    return { matches: false, signature: read.signature, ...nothing };
  }
  const sent = leafPointers(input.body, '').sort();
  const notNamed = sent.filter((pointer) => !content.fields.includes(pointer));
  const notSent = content.fields.filter((pointer) => !sent.includes(pointer));
  const valuesMatch = isDigestOf(input.body, { salt: answer.receiptSalt, digest: content.digest });
  const answerDiffers = Object.entries({
    id: content.appointment,
    reference: content.reference,
    version: content.version,
  }).flatMap(([name, value]) => (answer[name] === value ? [] : [`/${name}`]));
  const matches =
    valuesMatch && notNamed.length === 0 && notSent.length === 0 && answerDiffers.length === 0;
  return { matches, ...read, notNamed, notSent, valuesMatch, answerDiffers };
}

/** What a receipt of an erasure says. */
export interface ErasureContent {
  readonly iss: string;
  /** By when it was erased, in seconds since 1970. */
  readonly iat: number;
  readonly organisation: string;
  readonly mode: string;
  readonly reference: string;
  readonly appointment: string;
  readonly by: string;
  readonly passkeys?: number;
}

/**
 * Reads the receipt of an erasure, as DELETE answers it or as a patient was shown it. It asks nobody and
 * throws nothing, whatever it is given.
 *
 * @param input.jwks as for {@link verifyReceipt}
 */
export function verifyErasure(input: { readonly receipt: unknown; readonly jwks: unknown }): {
  readonly signature: ReceiptFindings['signature'];
  /** Only of a valid signature. */
  readonly content?: ErasureContent;
} {
  const { signature, payload } = readJws(input.receipt, input.jwks, 'sotto-erasure+jwt');
  return signature === 'valid' ? { signature, content: payload as ErasureContent } : { signature };
}

function readSigned(
  receipt: unknown,
  jwks: unknown,
): { signature: ReceiptFindings['signature']; content?: ReceiptContent } {
  const { signature, payload } = readJws(receipt, jwks, 'sotto-receipt+jwt');
  if (signature !== 'valid') return { signature };
  return isContent(payload) ? { signature, content: payload } : { signature: 'broken' };
}

function readJws(
  receipt: unknown,
  jwks: unknown,
  type: string,
): { signature: ReceiptFindings['signature']; payload?: unknown } {
  const parts = typeof receipt === 'string' ? receipt.split('.') : [];
  const [head = '', payload = '', signature = ''] = parts;
  const header = membersOf(parsed(head));
  const isReceipt = header.alg === 'EdDSA' && header.typ === type;
  if (parts.length !== 3 || !isReceipt || 'crit' in header) return { signature: 'no_receipt' };
  const keys = membersOf(jwks).keys;
  const key = Array.isArray(keys)
    ? keys.find((one) => membersOf(one).kid === header.kid && membersOf(one).crv === 'Ed25519')
    : undefined;
  if (header.kid === undefined || !key) return { signature: 'unknown_key' };
  const isSigned = isSignedBy(key, { text: `${head}.${payload}`, signature });
  return isSigned ? { signature: 'valid', payload: parsed(payload) } : { signature: 'broken' };
}

function isSignedBy(
  key: JsonWebKeyInput['key'],
  { text, signature }: { text: string; signature: string },
) {
  try {
    const bytes = Buffer.from(signature, 'base64url');
    if (bytes.toString('base64url') !== signature) return false;
    return verify(null, Buffer.from(text), createPublicKey({ key, format: 'jwk' }), bytes);
  } catch {
    return false; // no key at all
  }
}

function isContent(value: unknown): value is ReceiptContent {
  const { fields, digest, jti } = membersOf(value);
  return Array.isArray(fields) && typeof digest === 'string' && typeof jti === 'string';
}

function isDigestOf(body: unknown, { salt, digest }: { salt: unknown; digest: string }): boolean {
  if (typeof salt !== 'string') return false;
  const ours = createHmac('sha256', Buffer.from(salt, 'base64url'))
    .update(canonical(body))
    .digest();
  const theirs = Buffer.from(digest, 'base64url');
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}

/** JSON as RFC 8785 writes it: members in the order of their names' UTF-16 units, and no spaces. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, held]) => `${JSON.stringify(name)}:${canonical(held)}`).join(',')}}`;
}

/** Pointers to everything that holds nothing else; an empty object or array counts as such. */
function leafPointers(value: unknown, pointer: string): string[] {
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (members.length === 0) return [pointer];
  return members.flatMap(([name, held]) =>
    leafPointers(held, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

function parsed(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
