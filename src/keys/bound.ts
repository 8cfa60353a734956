import assert from 'node:assert/strict';
import { SealError } from './seal-error.ts';

/** The row that a sealed value belongs to. What does not apply is left out and counts as zero. */
export interface Binding {
  readonly organisationId: string;
  readonly appointmentId: string;
  readonly reminderId?: string | undefined;
  readonly version?: number | undefined;
}

/**
 * What a sealed value is for. Codes are part of the format and are never used again for another
 * purpose. Payloads grow in steps, so that a length tells nothing about a contact point: 384 bytes
 * hold a parcel or a note with any address that SMTP can carry (254 octets: RFC 5321, 4.5.3.1.3).
 */
const purposes = {
  content: { code: 1, stepBytes: 512 },
  content_key: { code: 2, stepBytes: 4 },
  content_key_envelope: { code: 3, stepBytes: 4 },
  parcel: { code: 4, stepBytes: 384 },
  note: { code: 5, stepBytes: 384 },
  callback: { code: 6, stepBytes: 512 },
  webhook_secret: { code: 7, stepBytes: 4 },
  canary_message: { code: 8, stepBytes: 1024 },
  parcel_key: { code: 9, stepBytes: 4 },
  passkey: { code: 20, stepBytes: 1024 },
  erasure_receipt: { code: 21, stepBytes: 1024 },
} as const;
export type Purpose = keyof typeof purposes;

const formatVersion = 1;
export const bindingLength = 2 + 3 * 16 + 4;
const lengthBytes = 4;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export const nilId = '00000000-0000-0000-0000-000000000000';

/** Of what belongs to no row. */
export const nilBinding: Binding = { organisationId: nilId, appointmentId: nilId };

/**
 * The bytes that tie a sealed value to its row, 54 of them: format version, purpose, organisation,
 * appointment and reminder id, version number.
 */
export function bindingBytes(purpose: Purpose, binding: Binding): Buffer {
  const version = binding.version ?? 0;
  assert(Number.isInteger(version) && version >= 0 && version <= 0xffff_ffff, 'version');
  const bytes = Buffer.alloc(bindingLength);
  bytes[0] = formatVersion;
  bytes[1] = purposes[purpose].code;
  writeId(bytes, 2, binding.organisationId);
  writeId(bytes, 18, binding.appointmentId);
  writeId(bytes, 34, binding.reminderId ?? nilId);
  bytes.writeUInt32BE(version, 50);
  return bytes;
}

function writeId(bytes: Buffer, offset: number, id: string): void {
  assert(uuid.test(id), 'id is not a UUID');
  bytes.write(id.replaceAll('-', ''), offset, 'hex');
}

/** Whether a padded payload of this purpose can be so long. */
export const isPaddedLength = (purpose: Purpose, bytes: number) =>
  bytes > 0 && bytes % purposes[purpose].stepBytes === 0;

/** The payload behind its length, with zeros up to the next step of its purpose. */
export function pad(purpose: Purpose, payload: Buffer): Buffer {
  const { stepBytes } = purposes[purpose];
  const padded = Buffer.alloc(Math.ceil((lengthBytes + payload.length) / stepBytes) * stepBytes);
  padded.writeUInt32BE(payload.length, 0);
  payload.copy(padded, lengthBytes);
  return padded;
}

/**
 * The payload of a padded block.
 *
 * @throws {SealError} `seal_mismatch` for anything that {@link pad} does not make
 */
export function unpad(purpose: Purpose, padded: Buffer): Buffer {
  if (padded.length < lengthBytes) throw new SealError('seal_mismatch');
  const end = lengthBytes + padded.readUInt32BE(0);
  const { stepBytes } = purposes[purpose];
  if (Math.ceil(end / stepBytes) * stepBytes !== padded.length) {
    throw new SealError('seal_mismatch');
  }
  if (!padded.subarray(end).equals(zeros(padded.length - end)))
    throw new SealError('seal_mismatch');
  return padded.subarray(lengthBytes, end);
}

const zeroStep = Buffer.alloc(
  Math.max(...Object.values(purposes).map(({ stepBytes }) => stepBytes)),
);
/** As many zeros as padding has at most: less than a step. */
const zeros = (length: number) => zeroStep.subarray(0, length);

/** A plaintext ready to be sealed: binding, then padded payload. */
export function encodeBound(purpose: Purpose, binding: Binding, payload: Buffer): Buffer {
  return Buffer.concat([bindingBytes(purpose, binding), pad(purpose, payload)]);
}

/**
 * The payload of an opened plaintext, if it was sealed for exactly this row and purpose.
 *
 * @throws {SealError} `seal_mismatch`
 */
export function decodeBound(purpose: Purpose, binding: Binding, bound: Buffer): Buffer {
  if (!bound.subarray(0, bindingLength).equals(bindingBytes(purpose, binding))) {
    throw new SealError('seal_mismatch');
  }
  return unpad(purpose, bound.subarray(bindingLength));
}
