import assert from 'node:assert/strict';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Organisation } from '../domain/organisation.ts';
import type { CeilingName, Quotas } from '../domain/quota.ts';
import { journalFolder, syncFolder } from './journal-location.ts';
import { isWrittenBy, type JournalRole } from './journal-writers.ts';

/** What must not be undone when the database is restored from a backup: ids, indexes and settings only. */
export type JournalEntry =
  | { readonly kind: 'erasure'; readonly appointmentId: string }
  | { readonly kind: 'lock_out'; readonly appointmentId: string; readonly factor: string }
  | { readonly kind: 'link_revocation'; readonly linkId: string }
  | { readonly kind: 'credential_revocation'; readonly credentialId: string }
  /** Another key has taken its place, once it is done; ISO 8601. */
  | ({
      readonly kind: 'credential_end';
      readonly credentialId: string;
      readonly endsAt: string;
    } & Revocable)
  | {
      readonly kind: 'credential_disallowed';
      readonly credentialId: string;
      readonly organisationId: string;
    }
  /** A registered public key, by its thumbprint. */
  | {
      readonly kind: 'credential_key_removal';
      readonly credentialId: string;
      readonly thumbprint: string;
    }
  | { readonly kind: 'ops_user_disabled'; readonly userId: string }
  /** Which role somebody is given. */
  | ({ readonly kind: 'ops_user_role'; readonly userId: string; readonly role: string } & Revocable)
  /** That their password is another, or as whom they sign in elsewhere; not which. */
  | {
      readonly kind: 'ops_user_sign_in';
      readonly userId: string;
      readonly signIn: 'password' | 'login';
    }
  /** What an organisation allows, all of it. */
  | ({
      readonly kind: 'organisation_limits';
      readonly organisationId: string;
    } & Limits &
      Revocable)
  /** Likewise of a credential. */
  | ({
      readonly kind: 'credential_limits';
      readonly credentialId: string;
      readonly quotas: Quotas;
      readonly networks: readonly string[] | null;
    } & Revocable)
  /** Before there were `organisation_limits`. */
  | {
      readonly kind: 'proof_policy';
      readonly organisationId: string;
      readonly proofPolicy: string;
    }
  | { readonly kind: 'endpoint_deletion'; readonly endpointId: string }
  | { readonly kind: 'send_check_removal'; readonly checkId: string }
  | { readonly kind: 'passkey_removal'; readonly passkeyId: string }
  /** Of a link key. */
  | { readonly kind: 'selector_revocation'; readonly selector: string }
  /** Of a day's key, `YYYY-MM-DD`. */
  | { readonly kind: 'day_revocation'; readonly day: string }
  | SuppressionEntry
  /** What was written under this id is committed. */
  | { readonly kind: 'done'; readonly change: string };

/**
 * What may give something back. It holds once it is told to be `done`, which is written after the COMMIT;
 * until then only what it takes away does. Without an id, as older versions wrote it, it is taken for done.
 */
interface Revocable {
  readonly change?: string;
}

export type Limits = Pick<
  Organisation,
  'proofPolicy' | 'birthDateOpens' | 'requestsPerMinute' | 'countries' | CeilingName
>;

/** Somebody said stop, or took it back. */
interface SuppressionEntry extends Revocable {
  readonly kind: 'suppression' | 'suppression_lifted';
  /** What the contact is found by, in hex, and the pepper it was made with. */
  readonly index: string;
  readonly pepper: string;
  readonly channel: string;
  /** How the stop was said. */
  readonly source: string;
}

/** An append-only file of one role, outside of PostgreSQL. */
export interface Journal {
  /**
   * Resolves when the entry would survive a power cut. Call it before the COMMIT it belongs to, while nobody
   * else can change the same: of two entries the later one was committed last.
   */
  append(entry: JournalEntry): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the journal of a role in `file:DIRECTORY`, one JSON line an entry.
 *
 * Beside an erasure, and at its minute, a removed passkey would tell whose appointment that was. So
 * passkeys have a file of their own, and their entries no time but the day's: its end, so that whoever reads
 * from a moment on misses none.
 */
export async function openJournal(location: string, role: JournalRole): Promise<Journal> {
  const directory = journalFolder(location);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const lines = await openLines(directory, `${role}.ndjson`);
  let ofPasskeys: Promise<Lines> | undefined;
  return {
    async append(entry) {
      // No restore would do it again.
      assert(isWrittenBy(role, entry.kind), `${entry.kind} in the journal of ${role}`);
      const now = new Date().toISOString();
      if (entry.kind !== 'passkey_removal') return lines.append({ at: now, ...entry });
      ofPasskeys ??= openLines(directory, `${role}-passkeys.ndjson`);
      ofPasskeys.catch(() => {
        ofPasskeys = undefined;
      });
      return (await ofPasskeys).append({ at: `${now.slice(0, 10)}T23:59:59.999Z`, ...entry });
    },
    async close() {
      await lines.close();
      await (await ofPasskeys)?.close();
    },
  };
}

interface Lines {
  append(entry: object): Promise<void>;
  close(): Promise<void>;
}

async function openLines(directory: string, name: string): Promise<Lines> {
  const file = await open(join(directory, name), 'a+', 0o600);
  await syncFolder(directory);
  let cutOff = await endsWithin(file);
  return {
    async append(entry) {
      const line = `${JSON.stringify(entry)}\n`;
      // After a failure half a line may stand there; the next one must not join it.
      const text = cutOff ? `\n${line}` : line;
      cutOff = true;
      await file.appendFile(text);
      await file.datasync();
      cutOff = false;
    },
    async close() {
      await file.close();
    },
  };
}

/** Whether the last process that wrote was cut off in the middle of a line. */
async function endsWithin(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}
