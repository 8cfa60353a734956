# Keys of Sotto in Vault, for the role patient. Made by scripts/vault-policies.ts for
# KEYSTORE=vault:https://HOST/secret/sotto: with another mount or path, change both words everywhere.
path "secret/data/sotto/patient/view/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/view/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/patient/erasure/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/erasure/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/patient/cookie/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/cookie/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/patient/phone-day/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/phone-day/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/patient/source/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/source/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/patient/code/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/code/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/patient/portal/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/portal/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/patient/passkey/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/passkey/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/pepper/*" {
  capabilities = ["read"]
}
path "secret/metadata/sotto/pepper/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/opt-out/*" {
  capabilities = ["read"]
}
path "secret/metadata/sotto/opt-out/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/link/*" {
  capabilities = ["read"]
}
path "secret/metadata/sotto/link/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/public/view/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/view/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/public/erasure/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/erasure/*" {
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
