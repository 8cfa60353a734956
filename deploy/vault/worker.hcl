# Keys of Sotto in Vault, for the role worker. Made by scripts/vault-policies.ts for
# KEYSTORE=vault:https://HOST/secret/sotto: with another mount or path, change both words everywhere.
path "secret/data/sotto/worker/epoch/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/worker/epoch/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/link/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/link/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/pepper/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/pepper/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/opt-out/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/opt-out/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/public/epoch/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/epoch/*" {
  capabilities = ["delete", "list"]
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
