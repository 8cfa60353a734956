/** For tests that are about something else than the receipts of erasures. */
export const unsignedErasures = {
  signErasure: async () => 'unsigned',
  receipts: { isGivenUp: () => false },
  issuer: 'https://api.example',
  now: () => Temporal.Now.instant(),
};
