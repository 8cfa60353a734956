import { randomBytes } from 'node:crypto';
import {
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { KeptPasskey } from './passkey-box.ts';

/** Where passkeys count: the origin of the pages, and its host, which they are bound to. */
export interface PasskeySite {
  readonly origin: string;
  readonly host: string;
}

/** EdDSA, ES256, RS256: what authenticators make. @see https://www.iana.org/assignments/cose */
const algorithms = [-8, -7, -257];

/** 32 random bytes, base64url: a question, or whom an authenticator is to know its person by. */
export function randomText(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * What a browser is asked to make a passkey with: one that its phone finds by itself, and asks its
 * person for. No name says anything of a patient or a clinic.
 *
 * @param names the page's title, and the title with the passkey's tag: both are shown and synced
 * @param known credential ids that the same person has, so that no phone makes a second one
 * @see https://www.w3.org/TR/webauthn-3/#dictionary-makecredentialoptions
 */
export function creationOptions(
  { host }: PasskeySite,
  input: {
    challenge: string;
    userHandle: string;
    names: { site: string; user: string };
    known: readonly string[];
  },
): object {
  const { challenge, userHandle, names, known } = input;
  return {
    challenge,
    rp: { id: host, name: names.site },
    user: { id: userHandle, name: names.user, displayName: names.user },
    pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
    excludeCredentials: known.map((id) => ({ type: 'public-key', id })),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    attestation: 'none',
  };
}

/** What a browser is asked for a passkey with. It names none: which there are is nobody's business. */
export function requestOptions(
  { host }: PasskeySite,
  { challenge }: { challenge: string },
): object {
  return { challenge, rpId: host, userVerification: 'required' };
}

/** The passkey that a browser has made, or undefined for anything but an answer to that question. */
export async function readCreated(
  { origin, host }: PasskeySite,
  { answer, challenge }: { answer: string; challenge: string },
): Promise<(Pick<KeptPasskey, 'credentialId' | 'publicKey'> & { signCount: number }) | undefined> {
  const response = parse(answer);
  if (!response) return undefined;
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as unknown as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: host,
      requireUserVerification: true,
      supportedAlgorithmIDs: algorithms,
    });
    if (!verified) return undefined;
    const { id, publicKey, counter } = registrationInfo.credential;
    return { credentialId: id, publicKey: Buffer.from(publicKey), signCount: counter };
  } catch {
    return undefined; // the library's texts quote what came
  }
}

/** Which passkey an answer names; nothing of it is proved. */
export function credentialIdIn(answer: string): string | undefined {
  const id = parse(answer)?.id;
  return typeof id === 'string' ? id : undefined;
}

/**
 * How often a passkey says that it was used, if this is its answer to that question, given by its
 * person; undefined for anything else.
 */
export async function readUsed(
  { origin, host }: PasskeySite,
  input: { answer: string; challenge: string; passkey: KeptPasskey; signCount: number },
): Promise<number | undefined> {
  const { answer, challenge, passkey, signCount } = input;
  const response = parse(answer) as unknown as AuthenticationResponseJSON | undefined;
  if (!response) return undefined;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: host,
      requireUserVerification: true,
      credential: {
        id: passkey.credentialId,
        publicKey: new Uint8Array(passkey.publicKey),
        counter: signCount,
      },
    });
    const { userHandle } = response.response;
    const isHandled = userHandle === undefined || userHandle === passkey.userHandle;
    return verified && isHandled ? authenticationInfo.newCounter : undefined;
  } catch {
    return undefined;
  }
}

function parse(answer: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(answer);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
