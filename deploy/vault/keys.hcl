# Keys of Sotto in Vault, for who runs sotto keys and sotto prepare-keys: a token for an hour. Made by scripts/vault-policies.ts for
# KEYSTORE=vault:https://HOST/secret/sotto: with another mount or path, change both words everywhere.
path "secret/data/sotto/link/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/link/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/api/receipt/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/api/receipt/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/public/receipt/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/receipt/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/pepper/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/pepper/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/opt-out/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/opt-out/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/callback/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/callback/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/scheduler/webhook/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/scheduler/webhook/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/public/webhook/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/webhook/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/patient/cookie/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/cookie/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/patient/code/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/code/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/patient/erasure/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/erasure/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/public/erasure/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/erasure/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/patient/portal/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/portal/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/patient/passkey/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/passkey/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/patient/source/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/patient/source/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/scheduler/canary/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/scheduler/canary/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/public/canary/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/canary/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/scheduler/canary-credential/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/scheduler/canary-credential/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/scheduler/audit/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/scheduler/audit/*" {
  capabilities = ["delete", "list"]
}
path "secret/data/sotto/public/audit/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/audit/*" {
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
