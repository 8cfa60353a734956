/** A mail server on this machine, which takes everything, with no more TLS than Sotto asks of one here. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { answerParent } from './answer-parent.ts';

let taken = 0;
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS', 'AUTH'],
  disableReverseLookup: true,
  onData(stream, _session, answer) {
    stream.on('end', () => {
      taken += 1;
      answer();
    });
    stream.resume();
  },
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.server.address() as AddressInfo;
answerParent(
  async () => ({ url: `smtp://127.0.0.1:${port}`, taken }),
  () => new Promise<void>((closed) => server.close(closed)),
);
