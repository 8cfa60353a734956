/**
 * Who may import whom. Each rule's comment says why, and what to do instead.
 *
 * One way: http and workers call use cases; use cases call the folders that touch the world; those
 * know the domain and nothing of each other; the domain knows nothing. What a process can open is
 * decided here too: code that it cannot reach, it cannot run.
 *
 * Imports of types count like any other, unless a rule says otherwise.
 */

/** Folders that each touch one thing of the world. */
const adapters = 'store|queue|keys|message|transport|journal|telemetry|canary';
/** Where a process is put together; these may import what they compose. */
const roots = [
  '^src/cli(/|\\.ts$)',
  '^src/roles/',
  '^workers/(worker|worker-duties|scheduler|sending|routes|webhooks|send-checks|alerts|audit-heads|canary)\\.ts$',
];

const notTypes = { dependencyTypesNot: ['type-only'] };
const npm = (names) => `(^|node_modules/)(${names})(/|$)`;

/** A package that only these places may import. */
function packageOnlyIn({ name, packages, places, instead }) {
  return {
    name,
    comment: instead,
    severity: 'error',
    from: { path: '^(src|workers|config)/', pathNot: places },
    to: { path: npm(packages), ...notTypes },
  };
}

/** Code that a process must not be able to run, however long the way there. */
function unreachable({ name, from, to, comment }) {
  return {
    name,
    comment,
    severity: 'error',
    from: { path: from },
    to: { path: to, reachable: true },
  };
}

export default {
  forbidden: [
    {
      name: 'domain-imports-nothing',
      comment:
        'The domain is pure: no package, no node:, no clock, no other folder. Pass the value in as an argument, or move the code to the use case that needs it.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { pathNot: '^src/domain/' },
    },
    {
      name: 'config-imports-only-domain',
      comment:
        'Configuration is read once, by each main, and handed on. It may use the domain (Secret) and zod.',
      severity: 'error',
      from: { path: '^config/' },
      to: { path: '^(src|workers|test|scripts)/', pathNot: '^src/domain/' },
    },
    {
      name: 'adapters-know-only-the-domain',
      comment:
        'A folder that touches the world knows the domain, the limits and the log, and no other such folder. Let a use case call both and pass values between them.',
      severity: 'error',
      from: { path: `^src/(${adapters})/` },
      to: { path: '^(src|workers)/', pathNot: ['^src/(domain|telemetry|texts)/', '^src/$1/'] },
    },
    {
      name: 'texts-are-words',
      comment:
        'The catalogue holds every word that a patient reads, in every language, and the way dates are written. It knows the domain and nothing else.',
      severity: 'error',
      from: { path: '^src/texts/' },
      to: { path: '^(src|workers|config)/', pathNot: '^src/(domain|texts)/' },
    },
    {
      name: 'telemetry-knows-nobody',
      comment: 'Everything logs, so the log imports nothing of ours but the domain.',
      severity: 'error',
      from: { path: '^src/telemetry/' },
      to: { path: '^(src|workers)/', pathNot: '^src/(domain|telemetry)/' },
    },
    {
      name: 'usecases-know-no-process',
      comment:
        'A use case does not know who calls it. What rings, listens, serves or starts is handed to it as a function by the composition root.',
      severity: 'error',
      from: { path: '^src/usecases/' },
      to: { path: '^(workers|src/(http|queue|roles|cli|supervisor|sandbox))(/|\\.ts$)' },
    },
    {
      name: 'doctor-knows-no-process',
      comment:
        'The doctor looks at what processes leave behind and at what answers, as a stranger would. It starts, serves and imports none of them.',
      severity: 'error',
      from: { path: '^src/doctor/' },
      to: { path: '^(workers|src/(http|roles|cli|supervisor|sandbox))(/|\\.ts$)' },
    },
    {
      name: 'only-the-command-line-asks-the-doctor',
      comment:
        "The doctor looks at everything, with an administrator's rights. No process that runs for long may hold its code.",
      severity: 'error',
      from: { pathNot: ['^src/(cli|doctor)/', '^test/'] },
      to: { path: '^src/doctor/' },
    },
    {
      name: 'http-calls-usecases',
      comment:
        'A route parses, calls one use case and answers; it never speaks to the database, the queue, the keys or a provider. Move that into a use case.',
      severity: 'error',
      from: { path: '^src/http/' },
      to: {
        path: '^(workers|src/(store|queue|keys|transport|journal|roles|cli|supervisor|sandbox))(/|\\.ts$)',
        ...notTypes,
      },
    },
    {
      name: 'http-never-sees-the-store',
      comment:
        'Not even its types: rows are not answers. Let the use case return what the route needs.',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^src/(store|queue)/' },
    },
    {
      name: 'workers-never-serve',
      comment: 'The sending side has no pages. What both need belongs in the domain or a use case.',
      severity: 'error',
      from: { path: '^workers/' },
      to: { path: '^src/(http|sandbox|supervisor|cli)(/|\\.ts$)' },
    },
    {
      name: 'workers-are-thin',
      comment:
        'An adapter between the queue and a use case holds no SQL, no text and no key. Hand those to the use case in worker.ts or scheduler.ts.',
      severity: 'error',
      from: { path: '^workers/', pathNot: roots },
      to: { path: '^src/(store|keys|message|transport|journal)/', ...notTypes },
    },
    {
      name: 'supervisor-starts-processes',
      comment:
        'The supervisor starts each role as a process of its own, exactly as production does, so that it never holds their code or their keys.',
      severity: 'error',
      from: { path: '^src/supervisor/' },
      to: { path: '^(workers|src/(http|usecases|roles|sandbox|keys|transport|message|queue))/' },
    },
    {
      name: 'sandbox-stands-alone',
      comment:
        'The sandbox plays the provider. Were it to know our code, tests against it would prove less: it may use the domain and the configuration.',
      severity: 'error',
      from: { path: '^src/sandbox/' },
      to: { path: '^(src|workers)/', pathNot: '^src/(domain|sandbox)/' },
    },
    {
      name: 'nothing-leans-on-the-sandbox',
      comment:
        'Production must run with the folder deleted. Speak to the sandbox as to the provider, over the network.',
      severity: 'error',
      from: { pathNot: ['^src/sandbox/', '^src/cli(/|\\.ts$)', '^test/'] },
      to: { path: '^src/sandbox/' },
    },
    {
      name: 'nothing-leans-on-tests',
      comment: 'Move what production needs out of test/.',
      severity: 'error',
      from: { pathNot: ['^test/', '^vitest\\.config\\.ts$', '^scripts/'] },
      to: { path: '^test/' },
    },
    {
      name: 'setup-needs-nothing-installed',
      comment:
        'These run before anything is installed, on the Node that happens to be there: node: built-ins and plain JavaScript only.',
      severity: 'error',
      from: { path: '^(scripts/(setup|complete-lock)\\.mjs|bin/)' },
      to: { dependencyTypesNot: ['core'], pathNot: '^(scripts|bin)/[^/]+\\.mjs$' },
    },

    packageOnlyIn({
      name: 'only-store-speaks-to-postgres',
      packages: 'pg|pg-.*|kysely',
      places: ['^src/store/', '^src/queue/prepare-queue\\.ts$'],
      instead:
        'SQL stands in src/store alone, one file a table or a hot statement. (prepare-queue.ts grants on the schema that BullMQ made for itself.)',
    }),
    packageOnlyIn({
      name: 'only-queue-speaks-to-bullmq',
      packages: 'bullmq|ioredis',
      places: ['^src/queue/', '^workers/runner\\.ts$'],
      instead:
        'Bells go in through src/queue and come out in workers/runner.ts; nobody else knows what rings them.',
    }),
    packageOnlyIn({
      name: 'only-the-board-draws-the-queue',
      packages: '@bull-board',
      places: ['^src/http/ops/queue-board/'],
      instead:
        'bull-board is given ids, codes and times by board-queue.ts alone, and reached through the routes of queue-board.ts.',
    }),
    packageOnlyIn({
      name: 'only-http-serves',
      packages: 'fastify|@fastify/[^/]+|fastify-type-provider-zod',
      places: ['^src/http/', '^src/sandbox/'],
      instead: 'Build the server in src/http and hand it to whoever listens.',
    }),
    packageOnlyIn({
      name: 'only-keys-does-cryptography',
      packages: 'jose|sodium-native|canonicalize|standardwebhooks|@simplewebauthn',
      places: ['^src/keys/'],
      instead:
        'Seals, signatures and tokens are made and opened in src/keys, where vectors pin their formats.',
    }),
    packageOnlyIn({
      name: 'only-transport-speaks-to-providers',
      packages: 'twilio|nodemailer|openid-client',
      places: ['^src/transport/', '^src/sandbox/'],
      instead:
        'A provider is known to its file in src/transport alone, with the table of its codes; the sandbox plays it.',
    }),
    packageOnlyIn({
      name: 'only-telemetry-logs-and-counts',
      packages: 'pino|prom-client',
      places: ['^src/telemetry/'],
      instead:
        'Log and count through src/telemetry, which lets ids and codes out and nothing else.',
    }),
    packageOnlyIn({
      name: 'only-pages-write-html',
      packages: 'hono|marked',
      places: ['^src/http/', '^src/sandbox/page/'],
      instead: 'Pages are pure views under src/http; hand them plain values.',
    }),

    unreachable({
      name: 'accepting-needs-no-queue',
      from: '^src/roles/(api|patient)\\.ts$',
      to: '^src/queue/',
      comment:
        'Whoever answers booking systems and patients works with the queue down: rows are the truth, and the scheduler rings for them. (ops opens it when somebody looks at the board, and stays up without it.)',
    }),
    unreachable({
      name: 'worker-opens-no-details',
      from: '^workers/',
      to: '^src/keys/(open-(details|erasure-receipt)|cookie-box|passkey-box)\\.ts$',
      comment:
        'The sending side opens parcels and nothing more: it must hold no code that opens what a patient sees. The way there is printed; cut it where two purposes share a file.',
    }),
    unreachable({
      name: 'scheduler-opens-nothing-of-a-patient',
      from: '^workers/scheduler\\.ts$',
      to: '^src/keys/(open-(?!webhook-secret\\.ts$|canary-message\\.ts$|box\\.ts$).*|cookie-box|passkey-box)\\.ts$',
      comment:
        'The scheduler knows times and states, speaks to strangers, and holds the keys of webhooks and of the canary alone. What needs a private key of anything else is a duty of the worker.',
    }),
    unreachable({
      name: 'api-opens-nothing',
      from: '^src/roles/api\\.ts$',
      to: '^src/keys/(open-.*|cookie-box|passkey-box)\\.ts$',
      comment:
        'The process that accepts can open nothing that it accepted. Seal here; open in the worker or the patient role.',
    }),
    unreachable({
      name: 'ops-opens-nothing',
      from: '^src/roles/ops\\.ts$',
      to: '^src/keys/(open-.*|cookie-box|passkey-box)\\.ts$',
      comment: 'Operators see states, times and codes; their process holds no way to see more.',
    }),
    unreachable({
      name: 'patient-opens-no-parcel',
      from: '^src/roles/patient\\.ts$',
      to: '^src/keys/open-parcel\\.ts$',
      comment:
        'The role that patients reach must not be able to send to them: contact points and unsent links are the worker’s.',
    }),
    unreachable({
      name: 'only-the-scheduler-signs-webhooks',
      from: '^(workers/worker|src/roles/.*)\\.ts$',
      to: '^src/keys/open-webhook-secret\\.ts$',
      comment:
        'Secrets of webhooks are opened where they are sent from, in a process that holds no key of a patient.',
    }),
    unreachable({
      name: 'only-the-scheduler-reads-what-the-canary-is-sent',
      from: '^(workers/worker|src/roles/.*)\\.ts$',
      to: '^src/keys/open-canary-message\\.ts$',
      comment:
        'Whoever sends seals what the canary is sent; the scheduler, which put the appointment, compares.',
    }),
    {
      name: 'the-canary-is-a-stranger',
      comment:
        'It comes in by the public doors and knows what every booking system and patient knows: it may use the domain and the words of the pages.',
      severity: 'error',
      from: { path: '^src/canary/' },
      to: { path: '^(src|workers|config)/', pathNot: '^src/(domain|texts|canary)/' },
    },
    {
      name: 'opening-has-five-doors',
      comment:
        'A sealed box is opened by open-parcel.ts (worker), open-details.ts or open-erasure-receipt.ts (patient), open-webhook-secret.ts or open-canary-message.ts (scheduler), and what holds no box by passkey-box.ts (patient); they check what the plaintext is bound to. Open it through one of them.',
      severity: 'error',
      from: {
        path: '^(src|workers|config)/',
        pathNot:
          '^src/keys/(open-(parcel|details|erasure-receipt|webhook-secret|canary-message)|passkey-box)\\.ts$',
      },
      to: { path: '^src/keys/open-(box|bound)\\.ts$' },
    },

    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or miss a third that both need.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment:
        'Nothing imports this and it imports nothing. Delete it, or add it to its entry point.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          '\\.d\\.ts$',
          '^(scripts|bin)/',
          '^test/',
          '^[^/]+$',
          '^src/sandbox/page/sandbox\\.js$',
          '^src/http/patient/passkey\\.js$',
        ],
      },
      to: {},
    },
    {
      name: 'no-dev-dependency-in-production',
      comment: 'npm ci --omit=dev must be enough to run. Move the package to dependencies.',
      severity: 'error',
      from: { path: '^(src|workers|config|bin)/', pathNot: '\\.d\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], ...notTypes },
    },
    {
      name: 'no-undeclared-package',
      comment: 'Name the package in package.json: what another package happens to bring may go.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolvable-import',
      comment: 'This import leads nowhere. Write the whole path, with its ending.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
