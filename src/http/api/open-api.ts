/** What OpenAPI says beside the routes themselves. */
export function openApiInfo(apiUrl: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sotto',
      version: '1',
      description:
        'Puts, moves and cancels appointments; Sotto reminds the patients without saying a word about them. Keys can write, and read back references, states and times only.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: apiUrl }],
    components: {
      securitySchemes: {
        signedRequest: {
          type: 'http' as const,
          scheme: 'bearer',
          bearerFormat: 'JWS',
          description:
            'Recommended: each request signed with a key of your own, whose public half is registered. A JWS of typ sotto-request+jwt, EdDSA (Ed25519) or ES256, with kid, and claims iss, aud, iat, exp (5 minutes at most), jti (once), method, path, body (SHA-256 of the bytes, base64url, where there are any) and organisation (as in Sotto-Organisation, where that is sent).',
        },
        apiKey: {
          type: 'http' as const,
          scheme: 'bearer',
          description:
            'sotto_test_… or sotto_live_…; test and live appointments are separate. A platform names the organisation in Sotto-Organisation.',
        },
      },
    },
  };
}
