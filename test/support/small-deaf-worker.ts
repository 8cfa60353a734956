/** The worker as it is in production, but that it does not wait for long until it calls itself deaf. */
import { runRole } from '../../src/cli/run-role.ts';
import { runWorker } from '../../workers/worker.ts';

process.exit(await runRole((config) => runWorker(config, { deafAfterMs: 7_000 })));
