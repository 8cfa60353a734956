import { limits } from '../../config/limits.ts';

// In this process alone: a machine that stands still for some seconds is no server or Vault that is away.
Object.assign(limits, { connectTimeoutMs: 30_000, vaultTimeoutMs: 20_000 });
