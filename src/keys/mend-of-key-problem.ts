/**
 * What to do about a problem of the key store.
 *
 * @param rule its line, or what stands in that behind the path
 */
export function mendOfKeyProblem(rule: string): string {
  const [, mode] = /must be 0(\d{3})$/.exec(rule) ?? [];
  if (mode) return `chmod ${mode} it, and see who could read or replace it until now.`;
  if (/the token may/.test(rule)) {
    return 'Give the token the policy of its role alone: deploy/vault, docs/operations.md, "Keys in Vault".';
  }
  if (/Vault/.test(rule))
    return 'docs/operations.md, "Keys in Vault", says what each of these means.';
  if (/cannot be/.test(rule)) return 'Look again as root, or as the user of that role.';
  if (/no private half|belong/.test(rule)) {
    return 'Bring back the private half from a replica; without it nothing sealed to this key opens.';
  }
  if (/the same key as/.test(rule)) {
    return 'Two uses must not share a key: see which of the two is copied, and rotate that one.';
  }
  return 'Replace it from a replica of the key store; docs/operations.md, "Keys".';
}
