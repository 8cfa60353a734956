import { type Config, ConfigError } from '../../config/env.ts';
import { sandboxAccountPrefix } from '../../config/transports.ts';
import { startSandbox } from './start-sandbox.ts';

/**
 * Runs the sandbox of `npm start`.
 *
 * It refuses to run beside a live transport and under any account that is not its own, so that a
 * real token never ends here and nobody takes phone or mailbox for proof that patients were told.
 *
 * @throws {ConfigError} naming what is not as it must be
 */
export async function runSandbox(config: Config): Promise<{
  url: string;
  smtpUrl: string;
  close(): Promise<void>;
}> {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken } = config;
  const problems: string[] = [];
  for (const name of ['SMS_TRANSPORT', 'EMAIL_TRANSPORT'] as const) {
    if (config[name] === 'sandbox') continue;
    problems.push(`${name}: is live; the sandbox does not run beside it`);
  }
  if (!accountSid?.startsWith(sandboxAccountPrefix)) {
    problems.push(`TWILIO_ACCOUNT_SID: must begin with ${sandboxAccountPrefix} for the sandbox`);
  }
  if (!authToken) problems.push('TWILIO_AUTH_TOKEN: the sandbox needs one of its own');
  if (problems.length > 0 || !accountSid || !authToken) throw new ConfigError(problems);

  return startSandbox({
    port: config.SANDBOX_PORT,
    smtpPort: config.SANDBOX_SMTP_PORT,
    host: config.HOST,
    accountSid,
    authToken,
    dataDir: config.DATA_DIR,
    patientUrl: config.PATIENT_URL,
    names: [config.CALLBACK_URL, config.TWILIO_BASE_URL]
      .filter((url) => url !== undefined)
      .map((url) => new URL(url).hostname),
    log: (line) => process.stdout.write(`${line}\n`),
  });
}
