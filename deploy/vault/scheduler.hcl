# Keys of Sotto in Vault, for the role scheduler. Made by scripts/vault-policies.ts for
# KEYSTORE=vault:https://HOST/secret/sotto: with another mount or path, change both words everywhere.
path "secret/data/sotto/scheduler/webhook/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/scheduler/webhook/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/scheduler/canary/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/scheduler/canary/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/scheduler/audit/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/scheduler/audit/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/scheduler/canary-credential/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/scheduler/canary-credential/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/public/webhook/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/webhook/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/public/canary/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/canary/*" {
  capabilities = ["list"]
}
path "secret/data/sotto/public/audit/*" {
  capabilities = ["create", "read"]
}
path "secret/metadata/sotto/public/audit/*" {
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
