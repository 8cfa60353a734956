/** For tests that are about something else than the receipts of erasures. */
export const unsignedErasures = {
  signErasure: async () => 'unsigned',
  issuer: 'https://api.example',
  now: () => Temporal.Now.instant(),
};
