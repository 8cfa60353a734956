import { once } from 'node:events';
import { connect } from 'node:net';

/** SMTP by hand, for what a mail library would not say. */
export interface RawSmtp {
  /** Says a line and gives the whole reply; `cut` when the server closed instead. */
  say(line: string): Promise<string>;
  /** What comes next without anything being said; the greeting, at first. */
  reply(): Promise<string>;
  close(): void;
}

export async function openRawSmtp(url: string): Promise<RawSmtp> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let heard = '';
  let ended = false;
  let wake = () => {};
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1');
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
    wake();
  });
  await once(socket, 'connect').catch(() => {});

  async function reply(): Promise<string> {
    for (;;) {
      const whole = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3} [^\r\n]*\r\n/.exec(heard);
      if (whole) {
        heard = heard.slice(whole[0].length);
        return whole[0].trimEnd();
      }
      if (ended) return 'cut';
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    reply,
    say(line) {
      socket.write(`${line}\r\n`);
      return reply();
    },
    close: () => void socket.destroy(),
  };
}
