import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { withSandboxProvider } from '../../src/supervisor/start-roles.ts';
import { startSummary } from '../../src/supervisor/summary.ts';

function addressesFor(env: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-addresses-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = withSandboxProvider(loadConfig({ ...env, DATA_DIR: folder }), folder);
  const { API_URL, PATIENT_URL, OPS_URL, CALLBACK_URL, TWILIO_BASE_URL, SMTP_URL } = config;
  const summary = startSummary({ config, access: undefined, readyMs: 0 });
  return {
    forPeople: [API_URL, PATIENT_URL, OPS_URL, CALLBACK_URL],
    forRoles: [TWILIO_BASE_URL, SMTP_URL?.reveal()],
    sandbox: /Sandbox +(\S+)/.exec(summary)?.[1],
  };
}

it.each([
  ['127.0.0.1', 'localhost', '127.0.0.1'],
  ['0.0.0.0', 'localhost', '127.0.0.1'],
  ['::', 'localhost', '127.0.0.1'],
  ['::1', 'localhost', '[::1]'],
  ['192.0.2.5', '192.0.2.5', '192.0.2.5'],
  ['2001:db8::5', '[2001:db8::5]', '[2001:db8::5]'],
])('npm start on HOST %s tells people %s and its roles %s', (host, name, address) => {
  expect(addressesFor({ HOST: host })).toEqual({
    forPeople: [3000, 3001, 3002, 3000].map((port) => `http://${name}:${port}`),
    forRoles: [`http://${address}:3003`, `smtp://${address}:3025`],
    sandbox: `http://${name}:3003`,
  });
});

it('an address that was given stays as it is', () => {
  const given = { API_URL: 'http://api.lan', PATIENT_URL: 'http://patient.lan' };
  const { forPeople } = addressesFor({ HOST: '192.0.2.5', ...given, OPS_URL: 'http://ops.lan' });
  const expected = ['api', 'patient', 'ops', 'api'].map((name) => `http://${name}.lan`);
  expect(forPeople).toEqual(expected);
});
