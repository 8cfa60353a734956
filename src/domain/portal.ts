/**
 * Where patients log in: an OpenID Connect provider, and how it knows us.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html
 */
export interface Portal {
  /** As the provider writes it, letter for letter. */
  readonly issuer: string;
  readonly clientId: string;
  /** One of these ways to log in must have been used, the first preferred; none: any will do. */
  readonly acrValues: readonly string[];
  /** How long ago somebody may have logged in there; 0: just now. */
  readonly maxAgeMinutes: number;
}

export const portalBounds = {
  maxAgeMinutes: { minimum: 0, maximum: 1_440 },
  acrValuesMax: 8,
  charactersMax: 255,
} as const;
export const portalMaxAgeMinutesDefault = 10;

/**
 * Who somebody is at a portal: 1 to 255 characters of printable ASCII, and no address or number that
 * names a person elsewhere too.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDToken
 */
export function isSubject(text: string): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(text);
}
