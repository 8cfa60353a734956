import { Secret } from '../domain/secret.ts';
import { type Binding, decodeBound } from './bound.ts';
import { deriveFromLink } from './link-derivation.ts';
import { openBound } from './open-bound.ts';
import { openBox } from './open-box.ts';
import { decodeNote, type Note } from './parcel-format.ts';
import { boundKeyBytes } from './seal-bound.ts';
import { SealError } from './seal-error.ts';

export interface SealedDetails {
  readonly linkSecret: Secret<Buffer>;
  readonly viewPrivateKey: Secret<Buffer>;
  /** Of the version that is opened. */
  readonly binding: Binding;
  readonly linkId: string;
  readonly sealedContentKey: Buffer;
  readonly sealedContent: Buffer;
}

/** The link's note as stored, with the binding it was sealed under. */
export interface SealedNote {
  readonly note: Buffer;
  readonly noteBinding: Binding;
}

export interface Details {
  /** The request body as it was accepted, factors included. */
  readonly body: Secret<Record<string, unknown>>;
}

/**
 * Opens a version's content and its link's note; for the patient role alone, and only with the
 * secret that the patient's link brought.
 *
 * Whether the note's contact point is still in the version is for the caller to check.
 *
 * @throws {SealError} `cannot_open` or `seal_mismatch`
 */
export function openDetails(input: SealedDetails & SealedNote): Details & { readonly note: Note };
export function openDetails(input: SealedDetails): Details;
export function openDetails(
  input: SealedDetails & Partial<SealedNote>,
): Details & { readonly note?: Note } {
  const linkPrivateKey = new Secret(deriveFromLink(input.linkSecret, 'seal'));
  const body = openContent(input, openContentKey(input, linkPrivateKey));
  if (!input.note || !input.noteBinding) return { body };
  const note = decodeBound('note', input.noteBinding, openBox(linkPrivateKey, input.note));
  return { body, note: decodeNote(note) };
}

function openContentKey(input: SealedDetails, linkPrivateKey: Secret<Buffer>): Secret<Buffer> {
  const binding = { ...input.binding, reminderId: input.linkId };
  const outer = openBox(input.viewPrivateKey, input.sealedContentKey);
  const envelope = decodeBound('content_key_envelope', binding, outer);
  const inner = openBox(linkPrivateKey, envelope);
  const contentKey = decodeBound('content_key', binding, inner);
  if (contentKey.length !== boundKeyBytes) {
    throw new SealError('seal_mismatch');
  }
  return new Secret(contentKey);
}

function openContent(
  { binding, sealedContent }: SealedDetails,
  contentKey: Secret<Buffer>,
): Secret<Record<string, unknown>> {
  const plaintext = openBound(contentKey, { purpose: 'content', binding }, sealedContent);
  return new Secret(parseBody(decodeBound('content', binding, plaintext)));
}

function parseBody(payload: Buffer): Record<string, unknown> {
  let body: unknown;
  try {
    body = JSON.parse(payload.toString('utf8'));
  } catch {
    throw new SealError('seal_mismatch'); // a SyntaxError would quote the content
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new SealError('seal_mismatch');
  }
  return body as Record<string, unknown>;
}
