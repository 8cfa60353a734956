import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Ground } from './ground.ts';

/** What a scanner said of one target, above informational. */
export interface Scanned {
  readonly target: string;
  readonly findings: readonly string[];
}

const limitMs = 240_000;

/** Runs a program to its end, or for four minutes, and gives all that it printed. */
function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.once('error', () => reject(new Error(`${program} is not installed`)));
    child.once('close', (code) => {
      clearTimeout(timer);
      if (code === null) reject(new Error(`${program} did not end in four minutes`));
      else resolve(printed);
    });
  });
}

/** Parameters, path and body of each listener, each marked with an asterisk. */
export async function runSqlmap(ground: Ground, folder: string): Promise<Scanned[]> {
  const { apiUrl, patientUrl, opsUrl, reference } = ground;
  const key = ['--headers', `Authorization: Bearer ${ground.apiKey}`];
  const json = [
    ...key,
    '--headers',
    `Authorization: Bearer ${ground.apiKey}\nContent-Type: application/json`,
  ];
  const visit = ['--cookie', ground.patientCookie];
  const signedIn = ['--cookie', ground.opsCookie];
  const form = (fields: string) => [
    '--data',
    `form=${ground.formToken}&${fields}`,
    '--method',
    'POST',
  ];
  const targets: [string, string, readonly string[]][] = [
    ['GET', `${apiUrl}/v1/appointments/${reference}*`, key],
    ['GET', `${apiUrl}/v1/appointments?state=booked*&after=x*&limit=10*`, key],
    ['GET', `${apiUrl}/v1/events?after=x*&limit=10*`, key],
    ['GET', `${apiUrl}/v1/ledger?from=2026-11-27T00:00:00Z*&to=2026-11-27T02:00:00Z*`, key],
    ['GET', `${apiUrl}/v1/incidents/x*`, key],
    ['DELETE', `${apiUrl}/v1/appointments/none*?erase=true*`, [...key, '--method', 'DELETE']],
    [
      'PUT',
      `${apiUrl}/v1/organisation`,
      [...json, '--method', 'PUT', '--data', '{"jitterMinutes":"5*"}'],
    ],
    [
      'POST',
      `${apiUrl}/v1/webhook-endpoints`,
      [...json, '--data', '{"url":"https://a.example/*"}'],
    ],
    ['GET', `${patientUrl}/x*?lang=fr*`, []],
    ['POST', `${patientUrl}/prove/pin`, [...visit, ...form('pin=123456*')]],
    ['POST', `${patientUrl}/code`, [...visit, ...form('code=123456*')]],
    ['GET', `${opsUrl}/find?q=visit*`, signedIn],
    ['GET', `${opsUrl}/log?before=x*&after=x*`, signedIn],
    ['POST', `${opsUrl}/login`, ['--data', 'user=ops*&password=x*']],
  ];
  const scanned: Scanned[] = [];
  for (const [index, [method, url, args]] of targets.entries()) {
    const printed = await run('sqlmap', [
      ...['--url', url, '--batch', '--flush-session', '--disable-coloring', '--threads=4'],
      ...['--level=1', '--risk=1', '--dbms=PostgreSQL', '--technique=BEUS', '--ignore-code=*'],
      ...[
        '--skip-waf',
        '--timeout=10',
        '--retries=1',
        `--output-dir=${join(folder, `sqlmap-${index}`)}`,
      ],
      ...args,
    ]);
    const isTested =
      /does not seem to be injectable|all tested parameters|do not appear to be injectable/.test(
        printed,
      );
    const found = Array.from(
      printed.matchAll(
        /^(?:Parameter: .*|.* is vulnerable.*|.*500 \(Internal Server Error\).*)$/gm,
      ),
      ([line]) => line,
    );
    scanned.push({
      target: `${method} ${url.replace(/^http:\/\/[^/]+/, '')}`,
      findings:
        isTested || found.length > 0 ? found : [`it could not be tested: ${printed.slice(-300)}`],
    });
  }
  return scanned;
}

/** What wapiti says of everybody, and why it is nothing here. */
const known: readonly { readonly finding: RegExp; readonly because: string }[] = [
  {
    finding: /Lack of anti CSRF token/,
    because: 'it knows tokens by their names, and ours is called form: patient-session.test.ts',
  },
  { finding: /X-XSS-Protection/, because: 'no browser of today has it, and OWASP advises against' },
  {
    finding: /Strict-Transport-Security/,
    because: 'it came by plain HTTP; testssl looks at HTTPS',
  },
];

const wapitiModules = [
  ...['backup', 'blindsql', 'cookieflags', 'crlf', 'csp', 'csrf', 'exec', 'file', 'htaccess'],
  ...['http_headers', 'methods', 'permanentxss', 'redirect', 'shellshock', 'sql', 'xss'],
];

/** Crawls the pages of patients and of operators, and attacks every form and link there. */
export async function runWapiti(ground: Ground, folder: string): Promise<Scanned[]> {
  const sites = [
    ['patient pages', ground.patientUrl, ground.patientCookie, '/prove'],
    ['ops pages', ground.opsUrl, ground.opsCookie, '/'],
    ['the documentation of the API', ground.apiUrl, '', '/docs'],
  ] as const;
  const scanned: Scanned[] = [];
  for (const [target, url, cookie, start] of sites) {
    const file = join(folder, `wapiti-${target.replaceAll(' ', '-')}.json`);
    await run('wapiti', [
      ...['--url', `${url}/`, '--start', `${url}${start}`, '--scope', 'domain', '--flush-session'],
      ...['--module', wapitiModules.join(','), '--max-scan-time', '60', '--max-attack-time', '10'],
      ...['--depth', '3', '--max-links-per-page', '40', '--no-bugreport'],
      ...['--store-session', folder, '--format', 'json', '--output', file, '--verify-ssl', '0'],
      ...(cookie ? ['--header', `Cookie: ${cookie}`] : []),
    ]);
    const report = JSON.parse(readFileSync(file, 'utf8')) as {
      vulnerabilities: Record<string, { path: string; info: string; parameter: string | null }[]>;
      anomalies: Record<string, { path: string; info: string; parameter: string | null }[]>;
    };
    const kinds = [...Object.entries(report.vulnerabilities), ...Object.entries(report.anomalies)];
    const said = kinds.flatMap(([kind, found]) =>
      found.map(({ path, info, parameter }) => `${kind}: ${path} ${parameter ?? ''} ${info}`),
    );
    const isKnown = (text: string) => known.some(({ finding }) => finding.test(text));
    scanned.push({ target, findings: said.filter((text) => !isKnown(text)) });
  }
  return scanned;
}

const wantedHeaders: Readonly<Record<string, RegExp>> = {
  'content-security-policy': /frame-ancestors 'none'/i,
  'x-content-type-options': /nosniff/i,
  'referrer-policy': /no-referrer/i,
  'cache-control': /no-store/i,
};

/** Headers, methods and cookies, by nmap's scripts. */
export async function runNmap(ground: Ground): Promise<Scanned[]> {
  const scripts =
    // With + because no port tells nmap that it is HTTP.
    '+http-security-headers,+http-headers,+http-methods,+http-cookie-flags,+http-trace,+http-cors';
  const pages = [
    [ground.patientUrl, '/check'],
    [ground.patientUrl, '/nowhere'],
    [ground.opsUrl, '/login'],
    [ground.apiUrl, '/docs'],
    [ground.apiUrl, '/v1/appointments'],
  ] as const;
  const scanned: Scanned[] = [];
  for (const [url, path] of pages) {
    const { hostname, port } = new URL(url);
    const printed = await run('nmap', [
      ...['-Pn', '-p', port, '--script', scripts, '--script-timeout', '60s', '--script-args'],
      `http-headers.path=${path},http-headers.useget=1,http-methods.url-path=${path},http-methods.test-all=1`,
      hostname,
    ]);
    const missing = Object.entries(wantedHeaders)
      .filter(([name, value]) => {
        const line = new RegExp(`^\\|_? +${name}: (.*)$`, 'im').exec(printed)?.[1];
        return line === undefined || !value.test(line);
      })
      .map(([name]) => `no ${name} as it should be`);
    const methods = /Potentially risky methods: (.*)/.exec(printed)?.[1]?.split(' ') ?? [];
    const taken = await methodsTaken(`${url}${path}`, methods);
    scanned.push({
      target: `${new URL(url).host} ${path}`,
      findings: [
        ...missing,
        ...taken.map((method) => `${method} is taken`),
        ...(/TRACE is enabled|httponly flag not set|secure flag not set/i.test(printed)
          ? ['see nmap']
          : []),
        ...(/http-cors/.test(printed) ? ['it lets other origins read'] : []),
        ...(/^\|_? +(?:Server|X-Powered-By): /im.test(printed) ? ['it names its software'] : []),
      ],
    });
  }
  return scanned;
}

/** To nmap a method is taken that is answered otherwise than 405 or 501; a 404 takes nothing either. */
async function methodsTaken(url: string, methods: readonly string[]): Promise<string[]> {
  const statuses = await Promise.all(
    methods.map(
      (method) =>
        new Promise<number>((resolve, reject) => {
          const asked = request(url, { method }, (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          });
          asked.once('error', reject);
          asked.end();
        }),
    ),
  );
  return methods.filter((_, index) => (statuses[index] ?? 0) < 400);
}

/** Versions, ciphers, certificates' use, known holes and headers of TLS, behind nginx of deploy/. */
export async function runTestssl({ tlsAddress }: Ground, folder: string): Promise<Scanned[]> {
  const file = join(folder, 'testssl.json');
  await run('testssl', [
    ...['--quiet', '--warnings=batch', '--color', '0', '--protocols', '--headers', '--vulnerable'],
    ...[
      '--nodns',
      'none',
      '--ip',
      '127.0.0.1',
      '--fast',
      '--jsonfile',
      file,
      `https://${tlsAddress}/check`,
    ],
  ]);
  const lines = JSON.parse(readFileSync(file, 'utf8')) as {
    id: string;
    severity: string;
    finding: string;
  }[];
  const above = lines.filter(({ severity }) => /^(LOW|MEDIUM|HIGH|CRITICAL)$/.test(severity));
  return [
    {
      target: `https://${tlsAddress} (${lines.length} checks)`,
      findings: above.map(({ id, severity, finding }) => `${severity} ${id}: ${finding}`),
    },
  ];
}
