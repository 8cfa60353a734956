import { createHmac } from 'node:crypto';
import { mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import { checkKeyStore } from '../../src/keys/check-key-store.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { openWebhookSecret } from '../../src/keys/open-webhook-secret.ts';
import { newWebhookSecret, sealWebhookSecret } from '../../src/keys/webhook-secret.ts';
import { webhookHeaders } from '../../src/keys/webhook-signature.ts';

const owner = {
  organisationId: '0192f5a0-0000-7000-8000-000000000001',
  endpointId: '0192f5a0-0000-7000-8000-000000000002',
  secretId: '0192f5a0-0000-7000-8000-000000000003',
};
const privateKey = new Secret(newBoxPrivateKey());
const publicKey = boxPublicKey(privateKey.reveal());

describe('a secret of a webhook', () => {
  it('is 32 bytes, new each time, as Standard Webhooks writes them', () => {
    const texts = Array.from({ length: 20 }, () => newWebhookSecret().reveal());
    expect(new Set(texts).size).toBe(20);
    for (const text of texts) {
      expect(text).toMatch(/^whsec_/);
      expect(Buffer.from(text.slice(6), 'base64')).toHaveLength(32);
    }
  });

  it('opens with the key that it was sealed to, and with no other', () => {
    const secret = newWebhookSecret();
    const sealed = sealWebhookSecret({ publicKey, owner, secret });
    const opened = openWebhookSecret({ privateKey, owner, sealed });
    expect(`whsec_${opened.reveal().toString('base64')}`).toBe(secret.reveal());
    const other = { privateKey: new Secret(newBoxPrivateKey()), owner, sealed };
    expect(() => openWebhookSecret(other)).toThrow('cannot_open');
  });

  it.each(['organisationId', 'endpointId', 'secretId'] as const)(
    'opens for no other %s',
    (name) => {
      const sealed = sealWebhookSecret({ publicKey, owner, secret: newWebhookSecret() });
      const foreign = { ...owner, [name]: '0192f5a0-0000-7000-8000-00000000000f' };
      expect(() => openWebhookSecret({ privateKey, owner: foreign, sealed })).toThrow(
        'seal_mismatch',
      );
    },
  );
});

describe('the headers of a delivery', () => {
  const secrets = [new Secret(Buffer.alloc(32, 1)), new Secret(Buffer.alloc(32, 2))];
  const at = new Date();
  const body = '{"type":"endpoint.test","é":"ü"}';
  const headers = webhookHeaders({ messageId: 'evt_1', at, body, secrets });

  it('hold a signature of each live secret, which the library verifies', () => {
    for (const secret of secrets) {
      const webhook = new Webhook(`whsec_${secret.reveal().toString('base64')}`);
      expect(webhook.verify(body, headers)).toEqual(JSON.parse(body));
    }
    const stranger = new Webhook(`whsec_${Buffer.alloc(32, 3).toString('base64')}`);
    expect(() => stranger.verify(body, headers)).toThrow();
  });

  it('are what the standard says, computed by hand', () => {
    const seconds = Math.floor(at.getTime() / 1_000);
    const signatures = secrets.map((secret) => {
      const hmac = createHmac('sha256', secret.reveal()).update(`evt_1.${seconds}.${body}`);
      return `v1,${hmac.digest('base64')}`;
    });
    expect(headers).toEqual({
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(seconds),
      'webhook-signature': signatures.join(' '),
    });
  });
});

describe('the key that secrets are sealed to', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sotto-keys-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is made once, by the scheduler, and published', async () => {
    const store = fileKeyStore(directory);
    expect(await store.webhookPublicKey()).toBeUndefined();
    const [made] = await store.ensureWebhookKey();
    expect(await fileKeyStore(directory).ensureWebhookKey()).toEqual([made]);
    const key = made?.key.reveal() as Buffer;
    expect(await store.webhookPublicKey()).toEqual({ number: '1', key: boxPublicKey(key) });
    expect(await readdir(join(directory, 'scheduler/webhook'))).toEqual(['1.key']);
    await checkKeyStore(directory, 'scheduler');
  });

  it('may be followed by another: the newest seals, all open', async () => {
    const store = fileKeyStore(directory, { readBeforeUsedMs: 0 });
    await store.ensureWebhookKey();
    for (const number of ['2', '10']) {
      const path = join(directory, `scheduler/webhook/${number}.key`);
      await writeFile(path, newBoxPrivateKey(), { mode: 0o600 });
    }
    const ids = (await store.ensureWebhookKey()).map(({ id }) => id);
    expect(ids).toEqual(['1', '2', '10']);
    expect((await store.webhookPublicKey())?.number).toBe('10');
  });

  it('is not made anew where its private half is lost', async () => {
    const store = fileKeyStore(directory);
    await store.ensureWebhookKey();
    await unlink(join(directory, 'scheduler/webhook/1.key'));
    await expect(checkKeyStore(directory, 'scheduler')).rejects.toThrow('has no private half');
    await checkKeyStore(directory, 'api');
  });
});
