import { isReference } from '../domain/reference.ts';
import { appointmentRequest } from '../http/api/appointment-schema.ts';
import { fieldErrors } from '../http/api/field-errors.ts';
import { parseStrictJson } from '../http/strict-json.ts';

/** Why a line was not accepted. Nothing of it but its reference. */
export interface LineFault {
  readonly reference?: string;
  /** Of the API; absent where the line did not get that far. */
  readonly status?: number;
  readonly code: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[] | undefined;
}

export type AppointmentLine =
  | { readonly ok: true; readonly reference: string; readonly body: Record<string, unknown> }
  | { readonly ok: false; readonly fault: LineFault };

/** Reads `{"reference": "…", …body of a PUT}`, as strictly as the API reads the body. */
export function readAppointmentLine(bytes: Buffer | undefined): AppointmentLine {
  if (bytes === undefined) return { ok: false, fault: { code: 'payload_too_large' } };
  const value = parsed(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, fault: { code: 'malformed_line' } };
  }
  const { reference, ...body } = value as Record<string, unknown>;
  if (typeof reference !== 'string' || !isReference(reference)) {
    return { ok: false, fault: { code: 'invalid_reference' } };
  }
  return { ok: true, reference, body };
}

/** What the API would say of the fields, without what takes a clock or a database to know. */
export function checkAppointment(body: Record<string, unknown>): LineFault | undefined {
  const { success, error } = appointmentRequest.safeParse(body);
  if (success) return undefined;
  return { code: 'invalid_request', errors: fieldErrors(error.issues, body) };
}

function parsed(bytes: Buffer): unknown {
  try {
    return parseStrictJson(bytes);
  } catch {
    return undefined;
  }
}
