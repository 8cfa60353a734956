/** The worker as it is in production, but that what it sends goes nowhere. */
import { runRole } from '../../../src/cli/run-role.ts';
import { runWorker } from '../../../workers/worker.ts';
import { nullTransport } from '../null-transport.ts';

process.exit(
  await runRole((config) => runWorker(config, { openProvider: async () => nullTransport })),
);
