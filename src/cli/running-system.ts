import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../../config/env.ts';
import { hasLiveTransport } from '../../config/transports.ts';
import { Secret } from '../domain/secret.ts';
import { readRunning } from '../supervisor/data-dir.ts';
import { isAlive } from '../supervisor/process-identity.ts';

const sandboxFacts = z.object({
  apiUrl: z.url(),
  patientUrl: z.url(),
  opsUrl: z.url(),
  sandboxUrl: z.url(),
  smtpUrl: z.string(),
});

/**
 * The configuration with the addresses of the `npm start` that runs on DATA_DIR, where it runs with the
 * sandbox and these variables do not say otherwise: whoever types a command need not repeat its ports.
 */
export function configOfRunning(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Config {
  if (config.DATABASE_URL || hasLiveTransport(config)) return config;
  const running = readRunning(config.DATA_DIR);
  if (!running?.roles.sandbox || !isAlive(running.supervisor)) return config;
  const facts = readFacts(config.DATA_DIR);
  if (!facts) return config;
  const apiUrl = env.API_URL ? config.API_URL : facts.apiUrl;
  return {
    ...config,
    API_URL: apiUrl,
    CALLBACK_URL: env.CALLBACK_URL ? config.CALLBACK_URL : apiUrl,
    PATIENT_URL: env.PATIENT_URL ? config.PATIENT_URL : facts.patientUrl,
    OPS_URL: env.OPS_URL ? config.OPS_URL : facts.opsUrl,
    TWILIO_BASE_URL: facts.sandboxUrl,
    SMTP_URL: new Secret(facts.smtpUrl),
  };
}

function readFacts(dataDir: string): z.infer<typeof sandboxFacts> | undefined {
  try {
    const text = readFileSync(join(dataDir, 'sandbox.json'), 'utf8');
    return sandboxFacts.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
