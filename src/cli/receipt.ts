import { readFile } from 'node:fs/promises';
import type { Config } from '../../config/env.ts';
import { type ReceiptFindings, verifyErasure, verifyReceipt } from '../keys/receipt-verify.ts';
import { sandboxApiUrl } from './api-access.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';

const answerTimeoutMs = 10_000;

interface ReceiptWords {
  readonly values: {
    readonly body?: string | undefined;
    readonly answer?: string | undefined;
    readonly erasure?: string | undefined;
    readonly jwks?: string | undefined;
    readonly json?: boolean | undefined;
  };
  readonly positionals: readonly string[];
}

/** `sotto receipt verify`: says in words what of a receipt matches what was sent, or what was erased. */
export async function runReceipt(
  config: Config,
  { values, positionals }: ReceiptWords,
): Promise<number> {
  if (positionals[0] === 'verify' && values.erasure !== undefined) {
    return sayErasure(config, { ...values, erasure: values.erasure });
  }
  if (positionals[0] !== 'verify' || values.body === undefined || values.answer === undefined) {
    throw new CommandError(
      'Say: sotto receipt verify --body FILE --answer FILE, or --erasure FILE.',
    );
  }
  const body = await readJson(values.body, '--body');
  const answer = await readJson(values.answer, '--answer');
  const jwks = await readKeys(config, values.jwks);
  const findings = verifyReceipt({ body, answer, jwks });
  if (values.json) console.log(JSON.stringify(findings));
  else for (const line of inWords(findings)) console.log(line);
  return findings.matches ? exitCodes.fine : exitCodes.failed;
}

async function sayErasure(
  config: Config,
  { erasure, jwks, json }: ReceiptWords['values'] & { readonly erasure: string },
): Promise<number> {
  const receipt = (await readText(erasure, '--erasure')).trim();
  const { signature, content } = verifyErasure({ receipt, jwks: await readKeys(config, jwks) });
  if (json) console.log(JSON.stringify({ signature, ...content }));
  else if (!content) console.log(`${signatures[signature]} So nothing is proved.`);
  else {
    const at = new Date(content.iat * 1_000).toISOString();
    const who = content.by === 'recipient' ? 'the recipient' : 'the booking system';
    const passkeys = content.passkeys ? `, with ${content.passkeys} of their passkeys` : '';
    console.log(
      `${signatures.valid} It says: ${content.reference}, ${content.mode}, was erased by ${at}, at the wish of ${who}${passkeys}.`,
    );
  }
  return content ? exitCodes.fine : exitCodes.failed;
}

async function readKeys(config: Config, given: string | undefined): Promise<unknown> {
  if (given !== undefined && !/^https?:/.test(given)) return readJson(given, '--jwks');
  const api = sandboxApiUrl(config) ?? config.API_URL;
  try {
    const answer = await fetch(given ?? `${api}/.well-known/jwks.json`, {
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    if (answer.ok) return await answer.json();
  } catch {
    // Said below: what came instead says nothing to whoever typed this.
  }
  throw new CommandError(
    'The keys did not come. Is the api running? They can be given as --jwks FILE or URL.',
    { exitCode: exitCodes.failed },
  );
}

async function readText(path: string, option: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => {
    throw new CommandError(`The file of ${option} cannot be read.`, { exitCode: exitCodes.failed });
  });
}

async function readJson(path: string, option: string): Promise<unknown> {
  const text = await readText(path, option);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the file.
    throw new CommandError(`The file of ${option} is no JSON.`, { exitCode: exitCodes.failed });
  }
}

const signatures = {
  valid: 'The signature is ours.',
  unknown_key: 'The receipt is signed with a key that is not among the published ones.',
  broken: 'The signature does not fit: this is not the receipt that was signed.',
  no_receipt: 'There is no receipt in the answer.',
} as const;

function inWords(findings: ReceiptFindings): string[] {
  const { content, notNamed, notSent, valuesMatch, answerDiffers } = findings;
  const signature = signatures[findings.signature];
  if (!content) return [signature, 'So nothing is proved.'];
  const acceptedAt = new Date(content.iat * 1_000).toISOString();
  const isSameFields = notNamed.length === 0 && notSent.length === 0;
  return [
    `${signature} It says: ${content.reference}, version ${content.version}, ${content.mode}, accepted ${acceptedAt}.`,
    ...(isSameFields ? [`Fields: the same ${content.fields.length}.`] : []),
    ...notNamed.map((pointer) => `Sent, and not in the receipt: ${pointer}`),
    ...notSent.map((pointer) => `In the receipt, and not in the body: ${pointer}`),
    valuesMatch
      ? 'Values: the same.'
      : isSameFields
        ? 'Values: not the same. One has changed since, or the salt belongs to another answer.'
        : 'Values: not the same, as the fields are not.',
    ...answerDiffers.map(
      (pointer) => `The answer says something else than its receipt: ${pointer}`,
    ),
    findings.matches ? 'This is what is stored.' : 'This receipt is not for this.',
  ];
}
