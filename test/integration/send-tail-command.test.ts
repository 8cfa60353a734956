import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { createPageVisitor } from '../support/page-visitor.ts';
import { type CommandEnd, runCommand, spawnCommand } from '../support/run-command.ts';
import { type System, startSystem } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';

let system: System;
let env: Record<string, string>;
beforeAll(async () => {
  system = await startSystem();
  env = { DATA_DIR: system.dataDir };
});
afterAll(() => system.stop());

const sotto = (...words: string[]): Promise<CommandEnd> => runCommand(words, { env });
const sendTo = (contact: string, ...words: string[]): Promise<CommandEnd> =>
  runCommand(['send', '--to', ...words], { env, input: `${contact}\n` });
const messagesTo = async (contact: string) =>
  (await system.messages()).filter(({ to }) => to === contact);

describe('sotto send', () => {
  it('makes one neutral message arrive, whose link its PIN opens', async () => {
    const { code, out } = await sendTo('+33639981234', '--language', 'de', '--json');
    const sent = JSON.parse(out);
    expect({ code, ...sent }).toMatchObject({
      code: 0,
      state: expect.stringMatching(/^(sent|delivered)$/),
      sandboxUrl: system.facts.sandboxUrl,
      pin: expect.stringMatching(/^\d{6}$/),
    });
    const arrived = await messagesTo('+33639981234');
    expect(arrived).toHaveLength(1);
    const [link] = /http\S+/.exec(arrived[0]?.text ?? '') ?? [];
    const patient = createPageVisitor();
    await patient.go(link ?? '');
    await patient.press('/prove');
    expect((await patient.fill({ pin: sent.pin })).html).toContain('Dr Demo');
  });

  it('says where to look, and by email where one is given', async () => {
    const { code, out } = await sendTo('alex@example.com');
    expect(code).toBe(0);
    expect(out).toContain(`Look at ${system.facts.sandboxUrl}`);
    expect(await messagesTo('alex@example.com')).toHaveLength(1);
  });

  it('is no failure where an answer was lost, and the PUT repeated', async () => {
    const proxy = await startCuttingProxy(new Secret(system.facts.apiUrl));
    proxy.cutAfter('PUT /v1/appointments/');
    const { code, out } = await runCommand(['send', '--json'], {
      env: { ...env, API_URL: new URL(proxy.url.reveal()).origin },
    });
    expect([code, proxy.cuts()]).toEqual([0, 1]);
    expect(JSON.parse(out)).toMatchObject({ state: expect.stringMatching(/^(sent|delivered)$/) });
    await proxy.close();
  });

  it('reaches nobody by accident: a live key needs a contact', async () => {
    const live = { ...env, SOTTO_KEY: 'sotto_live_0000' };
    const refused = await runCommand(['send'], { env: live });
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.errors).toContain('--to');
  });

  it('says which field is wrong, and not what it held', async () => {
    const refused = await sendTo('+3361234');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.errors).toContain('/recipient/phone: invalid_phone');
    expect(refused.errors).not.toContain('61234');
  });
});

describe('sotto tail', () => {
  it('tells each event once, through the death of the API, and where to go on', async () => {
    const tail = spawnCommand(['tail', '--json'], {
      env: { ...env, API_URL: system.facts.apiUrl },
    });
    let out = '';
    let errors = '';
    tail.stdout.on('data', (part) => {
      out += part;
    });
    tail.stderr.on('data', (part) => {
      errors += part;
    });
    await waitFor(() => errors.includes('Following.'));
    const put = async (reference: string) => {
      const body = {
        start: Temporal.Now.instant().add({ hours: 90 }).round('second').toString(),
        timeZone: 'Europe/Paris',
        details: { practitioner: 'Dr Canarini' },
        recipient: { phone: '+33639981235', pin: '482913' },
        reminders: [],
      };
      return (await system.call('PUT', `/v1/appointments/${reference}`, body)).status;
    };
    expect(await put('tail-1')).toBe(201);
    await waitFor(() => out.includes('tail-1'));
    for (const pid of system.pidsOf('api')) process.kill(pid, 'SIGKILL');
    await waitFor(
      () =>
        put('tail-2').then(
          (status) => status < 300,
          () => false,
        ),
      20_000,
      200,
    );
    await waitFor(() => out.includes('tail-2'), 20_000);
    tail.kill('SIGINT');
    expect(await once(tail, 'exit')).toEqual([0, null]);

    const seen = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const accepted = seen.filter(({ type }) => type === 'appointment.accepted');
    expect(accepted.map(({ reference }) => reference)).toEqual(['tail-1', 'tail-2']);
    const [, cursor = ''] = /sotto tail --since (\S+)/.exec(errors) ?? [];
    expect((await sotto('tail', '--since', cursor, '--once', '--json')).out).toBe('');

    const countEvents = async () =>
      JSON.parse((await system.call('GET', '/v1/events?limit=200')).text).events.length;
    // The demo may go on meanwhile.
    const before = await countEvents();
    const all = await sotto('tail', '--since', 'start', '--once');
    const after = await countEvents();
    const { length } = all.out.trim().split('\n');
    expect(length).toBeGreaterThanOrEqual(before);
    expect(length).toBeLessThanOrEqual(after);
    expect(all.out).toMatch(/^\S+Z {2}appointment\.accepted {4}demo-0001$/m);
    expect(all.out + out).not.toMatch(/Canarini|39981235|482913/);
  });

  it('tells what is of no appointment, too', async () => {
    const endpointId = randomUUID();
    await system.look(
      `insert into events (organisation_id, mode, type, endpoint_id)
       select id, 'test', 'endpoint.disabled', '${endpointId}' from organisations limit 1`,
    );
    await waitFor(async () => {
      const { out } = await sotto('tail', '--since', 'start', '--once');
      return out.includes(`endpoint.disabled       ${endpointId}\n`);
    });
  });

  it('refuses a cursor that is none', async () => {
    const refused = await sotto('tail', '--since', 'yesterday');
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.errors).toContain('--since must be now, start, or a cursor');
  });
});
