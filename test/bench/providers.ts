import assert from 'node:assert/strict';
import type { Channel } from '../../src/domain/channel.ts';
import { type Child, startChild } from './child.ts';
import { cpuTimeUs } from './cpu-time.ts';
import { warmUpOf } from './due-reminders.ts';
import type { Run } from './measurement.ts';

/** A provider on this machine, in a process of its own. */
export interface Provider {
  readonly channel: Channel;
  /** How many are sent first and not measured. */
  readonly warmUp: number;
  /** What a role is told of it. */
  readonly env: Record<string, string>;
}

/**
 * A thousand SMS are gone in a third of a second, and after them a tenth of Sotto's processor time was still the
 * compiler's. A loop that leaves one of two cores idle has its compiler there for nothing.
 */
const warmUpMax: Record<Channel, number> = { sms: 4_000, email: 1_000 };

export const accountSid = `AC${'0'.repeat(32)}`;
export const from = { sms: '+33700000000', email: 'reminders@sotto.example' } as const;

const servers: Record<Channel, string> = { sms: 'messages-server.ts', email: 'mail-server.ts' };
const environments: Record<Channel, (url: string) => Record<string, string>> = {
  sms: (url) => ({
    SMS_TRANSPORT: 'twilio',
    TWILIO_BASE_URL: url,
    TWILIO_ACCOUNT_SID: accountSid,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: from.sms,
  }),
  email: (url) => ({ EMAIL_TRANSPORT: 'smtp', SMTP_URL: url, MAIL_FROM: from.email }),
};

/**
 * Sends through a provider of its own, which must have taken all of it, the warming up included. What it
 * used of the machine is told too: all of it is taken from whoever sends.
 */
export async function withProvider(
  { channel, count }: { channel: Channel; count: number },
  send: (provider: Provider) => Promise<Run>,
): Promise<Run> {
  const warmUp = warmUpOf(count, warmUpMax[channel]);
  const server: Child = await startChild(servers[channel], {});
  const look = () => server.ask<{ url: string; taken: number }>('how many');
  try {
    const { url } = await look();
    const beforeUs = cpuTimeUs([server.pid]);
    const run = await send({
      ...{ channel, warmUp },
      env: {
        ...environments[channel](url),
        PATIENT_URL: 'https://r.sotto.example',
        CALLBACK_URL: 'http://localhost:3000',
      },
    });
    const { taken } = await look();
    const afterUs = cpuTimeUs([server.pid]);
    assert.equal(taken, warmUp + count);
    const usedUs = beforeUs === undefined || afterUs === undefined ? undefined : afterUs - beforeUs;
    return { ...run, 'provider us': usedUs === undefined ? undefined : usedUs / taken };
  } finally {
    await server.stop();
  }
}
