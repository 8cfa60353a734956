/** What somebody who signs in to the ops pages may do: look; act; act and manage users. */
export const opsRoles = ['viewer', 'operator', 'admin'] as const;
export type OpsRole = (typeof opsRoles)[number];

/** Whether it can be the name of such a user: what they sign in with, in lower case. */
export function isOpsUserName(text: string): boolean {
  return /^[a-z0-9][a-z0-9._@-]{0,63}$/.test(text);
}
