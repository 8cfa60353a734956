import { createServer } from 'node:net';

/** A port of this machine that webhooks may go to by their number, at an address that nobody else has. */
export interface Door {
  readonly address: string;
  /** How many have connected. */
  knocks(): number;
  close(): Promise<void>;
}

export async function openDoor(): Promise<Door> {
  const address = `127.${20 + (process.pid % 200)}.${(process.pid >> 8) % 250}.9`;
  let knocks = 0;
  const server = createServer((socket) => {
    knocks += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(8443, address, resolve));
  return {
    address,
    knocks: () => knocks,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
