import { loadConfig } from '../../../config/env.ts';
import { checkTransport } from '../../../config/transports.ts';
import { command } from '../command.ts';

export const up = command({
  name: 'up',
  group: 'Run it',
  summary: 'everything on this machine, with a database and a sandbox of its own',
  usage: ['up'],
  about: [
    'npm start does the same. It makes a demo organisation and sends demo messages to the sandbox, prints where to look, and stops whole with Ctrl+C. Data lies in DATA_DIR. It is for trying and developing: in production each role is a process of its own.',
  ],
  examples: [
    { for: 'where the usual ports are taken', line: 'API_PORT=4000 PATIENT_PORT=4001 sotto up' },
    { for: 'beside another one, with data of its own', line: 'DATA_DIR=other sotto up' },
  ],
  options: {},
  run: async () => {
    const config = loadConfig(process.env);
    checkTransport(config);
    return (await import('../up.ts')).runUp(config, process.env);
  },
});
