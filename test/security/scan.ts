/**
 * Sends strangers' scanners against everything that `npm start` runs, and says what they found:
 *
 *   npm run scan                    all of them: some minutes
 *   npm run scan -- --only sqlmap   one, or several with commas
 *
 * As root on Debian: `apt-get install sqlmap wapiti nmap testssl.sh nginx`. Exit code 1: something
 * above informational was found.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../support/free-port.ts';
import { startNginx } from '../support/reverse-proxies.ts';
import { startSystem } from '../support/system.ts';
import { type Ground, prepareGround } from './ground.ts';
import { runNmap, runSqlmap, runTestssl, runWapiti, type Scanned } from './scanners.ts';

const scanners: Readonly<Record<string, (ground: Ground, folder: string) => Promise<Scanned[]>>> = {
  sqlmap: runSqlmap,
  wapiti: runWapiti,
  nmap: runNmap,
  testssl: runTestssl,
};

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const chosen = values.only?.split(',') ?? Object.keys(scanners);

const folder = mkdtempSync(join(tmpdir(), 'sotto-scan-'));
const [api, patient, ops, tls] = await Promise.all([
  freePort(),
  freePort(),
  freePort(),
  freePort(),
]);
const nginx = await startNginx({ api, patient, ops }, { patientName: 'localhost', port: tls });
const system = await startSystem({
  API_PORT: String(api),
  PATIENT_PORT: String(patient),
  OPS_PORT: String(ops),
  PATIENT_URL: `https://localhost:${tls}`,
  TRUSTED_PROXIES: '127.0.0.1',
  LOG_LEVEL: 'error',
});
let isClean = true;
try {
  const ground = await prepareGround(system, {
    apiUrl: `http://127.0.0.1:${api}`,
    patientUrl: `http://127.0.0.1:${patient}`,
    opsUrl: `http://127.0.0.1:${ops}`,
    tlsAddress: `localhost:${tls}`,
  });
  for (const name of chosen) {
    const run = scanners[name];
    if (!run) throw new Error(`no scanner is called ${name}`);
    const startedAt = performance.now();
    for (const { target, findings } of await run(ground, folder)) {
      isClean &&= findings.length === 0;
      console.log(`${name.padEnd(8)} ${target.padEnd(64)} ${findings.length || 'nothing'}`);
      for (const finding of findings) console.log(`         ${finding}`);
    }
    console.log(`${name.padEnd(8)} ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  }
} finally {
  await system.stop();
  await nginx.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(isClean ? 0 : 1);
