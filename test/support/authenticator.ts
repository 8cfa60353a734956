import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';

/** How a phone answers; what is absent it does as it should. */
export interface Manner {
  readonly origin?: string;
  readonly host?: string;
  /** Whether it has asked its person for finger, face or code. */
  readonly verified?: boolean;
  readonly challenge?: string;
  /** What its counter says. */
  readonly count?: number;
  readonly userHandle?: string;
}

/** A phone that makes passkeys and answers with them, and can be told to misbehave. */
export interface Authenticator {
  readonly credentialId: string;
  readonly created: Record<string, unknown> | undefined;
  /** Answers `navigator.credentials.create`. */
  create(options: unknown, manner?: Manner): string;
  /** Answers `navigator.credentials.get`. */
  get(options: unknown, manner?: Manner): string;
}

interface Options {
  readonly challenge: string;
  readonly rp?: { readonly id: string };
  readonly rpId?: string;
  readonly user?: { readonly id: string };
}

const present = 0x01;
const userVerified = 0x04;
const attested = 0x40;
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest();

/** @param origin of the pages that it believes to be at */
export function createAuthenticator(origin: string): Authenticator {
  const credential = randomBytes(32);
  const credentialId = credential.toString('base64url');
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let made: Options | undefined;
  let uses = 0;

  const clientData = (type: string, options: Options, manner: Manner) =>
    Buffer.from(
      JSON.stringify({
        ...{ type, challenge: manner.challenge ?? options.challenge },
        ...{ origin: manner.origin ?? origin, crossOrigin: false },
      }),
    );
  const header = (host: string, flags: number, count: number) => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(count);
    return Buffer.concat([sha256(host), Buffer.from([flags]), counter]);
  };
  const flagsOf = ({ verified = true }: Manner) => present | (verified ? userVerified : 0);
  const answer = (response: Record<string, Buffer | string>) =>
    JSON.stringify({
      ...{ id: credentialId, rawId: credentialId, type: 'public-key', clientExtensionResults: {} },
      response: Object.fromEntries(
        Object.entries(response).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : value.toString('base64url'),
        ]),
      ),
    });

  return {
    credentialId,
    get created() {
      return made as Record<string, unknown> | undefined;
    },
    create(given, manner = {}) {
      const options = given as Options;
      made = options;
      const host = manner.host ?? options.rp?.id ?? '';
      const length = Buffer.alloc(2);
      length.writeUInt16BE(credential.length);
      const authenticatorData = Buffer.concat([
        header(host, flagsOf(manner) | attested, manner.count ?? uses),
        Buffer.alloc(16),
        length,
        credential,
        coseKey(publicKey),
      ]);
      const attestationObject = isoCBOR.encode(
        new Map<string, unknown>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', new Uint8Array(authenticatorData)],
        ]) as never,
      );
      return answer({
        clientDataJSON: clientData('webauthn.create', options, manner),
        attestationObject: Buffer.from(attestationObject),
      });
    },
    get(given, manner = {}) {
      const options = given as Options;
      uses += 1;
      const host = manner.host ?? options.rpId ?? '';
      const authenticatorData = header(host, flagsOf(manner), manner.count ?? uses);
      const clientDataJSON = clientData('webauthn.get', options, manner);
      const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)]);
      return answer({
        ...{ clientDataJSON, authenticatorData },
        signature: sign('sha256', signed, privateKey),
        userHandle: manner.userHandle ?? made?.user?.id ?? '',
      });
    },
  };
}

/** @see RFC 9053, 7.1.1 */
function coseKey(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));
  const key = new Map<number, unknown>([
    ...([
      [1, 2],
      [3, -7],
      [-1, 1],
    ] as const),
    [-2, bytes(x)],
    [-3, bytes(y)],
  ]);
  return Buffer.from(isoCBOR.encode(key as never));
}
