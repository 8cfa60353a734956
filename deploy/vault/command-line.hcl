# Keys of Sotto in Vault, for who runs the other commands of sotto. Made by scripts/vault-policies.ts for
# KEYSTORE=vault:https://HOST/secret/sotto: with another mount or path, change both words everywhere.
path "secret/data/sotto/callback/*" {
  capabilities = ["read"]
}
path "secret/metadata/sotto/callback/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/pepper/*" {
  capabilities = ["read"]
}
path "secret/metadata/sotto/pepper/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/public/*" {
  capabilities = ["read"]
}
path "secret/metadata/sotto/public/*" {
  capabilities = ["list"]
}
path "secret/metadata/sotto/worker/epoch/*" {
  capabilities = ["list"]
}
path "secret/metadata/sotto/patient/view/*" {
  capabilities = ["list"]
}
path "sys/capabilities-self" {
  capabilities = ["update"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
