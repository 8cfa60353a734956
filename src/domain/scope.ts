/** What a credential may do; each route of the API asks for one. */
export const scopes = [
  'write',
  'status',
  'list',
  'erase',
  'settings',
  'webhooks',
  'ledger',
] as const;
export type Scope = (typeof scopes)[number];
