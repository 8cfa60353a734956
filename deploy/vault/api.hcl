# Keys of Sotto in Vault, for the role api. Made by scripts/vault-policies.ts for
# KEYSTORE=vault:https://HOST/secret/sotto: with another mount or path, change both words everywhere.
path "secret/data/sotto/api/receipt/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/api/receipt/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/callback/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/callback/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/public/receipt/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/receipt/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/public/*" {
  capabilities = ["read"]
}
path "secret/metadata/sotto/public/*" {
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
