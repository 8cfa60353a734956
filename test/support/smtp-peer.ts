import net, { type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';

/** Where in a conversation the peer can be made to misbehave. */
export const smtpMoments = [
  'banner',
  'EHLO',
  'STARTTLS',
  'AUTH',
  'MAIL',
  'RCPT',
  'DATA',
  'body',
  'dot',
] as const;
export type SmtpMoment = (typeof smtpMoments)[number];

/**
 * What the peer does at a moment instead of going on: it answers something, cuts the connection with
 * or without a part of an answer, or says nothing any more. After `dot` the message is in the ledger
 * when `takes`, whatever is answered.
 */
export interface Misbehaviour {
  readonly at: SmtpMoment;
  readonly does: 'answer' | 'cut' | 'reset' | 'stall';
  readonly answer?: string;
  readonly takes?: boolean;
}

export interface TakenMessage {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly takenAtMs: number;
}

export interface SmtpPeer {
  readonly port: number;
  readonly url: string;
  /** Every message that a real server would now deliver: the one truth about who gets what. */
  readonly taken: readonly TakenMessage[];
  /** Recipients of messages that it has asked for with 354, whatever became of them. */
  readonly askedFor: ReadonlySet<string>;
  /** Bodies that ended with a dot, taken or not. */
  readonly handedOver: () => number;
  readonly connections: () => { opened: number; open: number; openMax: number };
  /** What clients said, bodies left out. */
  readonly said: readonly string[];
  misbehave: Misbehaviour | undefined;
  /** How often it has. */
  readonly misbehaved: () => number;
  /** Cuts whatever is connected, as a server does that has had enough of idle clients. */
  cutAll(): void;
  close(): Promise<void>;
}

export interface SmtpPeerSettings {
  /** The lines of its answer to EHLO. */
  readonly extensions?: readonly string[];
  readonly tls?: { readonly key: string; readonly cert: string };
  /** TLS from the first byte. */
  readonly secure?: boolean;
  /** Asks for a message even when it has refused its recipient. */
  readonly asksAnyway?: boolean;
}

/** A mail server as bad as a test wants it, with a ledger of what it took. */
export async function startSmtpPeer(settings: SmtpPeerSettings = {}): Promise<SmtpPeer> {
  const taken: TakenMessage[] = [];
  const said: string[] = [];
  const askedFor = new Set<string>();
  const sockets = new Set<Socket>();
  const counts = { opened: 0, open: 0, openMax: 0, handedOver: 0, misbehaved: 0 };

  const onConnection = (socket: Socket) => {
    sockets.add(socket);
    counts.opened += 1;
    counts.open += 1;
    counts.openMax = Math.max(counts.openMax, counts.open);
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      counts.open -= 1;
    });
    converse(socket, {
      settings,
      said,
      askedFor,
      misbehaviour: () => peer.misbehave,
      onMisbehaved: () => (counts.misbehaved += 1),
      onMessage(message, takes) {
        counts.handedOver += 1;
        if (takes) taken.push(message);
        return taken.length;
      },
    });
  };
  const server =
    settings.secure && settings.tls
      ? tls.createServer({ ...settings.tls, noDelay: true }, onConnection)
      : net.createServer({ noDelay: true }, onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const peer: SmtpPeer = {
    port,
    url: `${settings.secure ? 'smtps' : 'smtp'}://127.0.0.1:${port}`,
    taken,
    said,
    askedFor,
    handedOver: () => counts.handedOver,
    connections: () => counts,
    misbehave: undefined,
    misbehaved: () => counts.misbehaved,
    cutAll() {
      for (const socket of sockets) socket.end();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return peer;
}

interface Conversation {
  readonly settings: SmtpPeerSettings;
  readonly said: string[];
  readonly askedFor: Set<string>;
  readonly misbehaviour: () => Misbehaviour | undefined;
  readonly onMisbehaved: () => void;
  /** @returns the number of the message */
  onMessage(message: TakenMessage, takes: boolean): number;
}

function converse(first: Socket, conversation: Conversation): void {
  let socket = first;
  let pending = '';
  let inBody = false;
  let isMute = false;
  let from = '';
  let to = '';

  const say = (answer: string) => socket.write(answer);
  /** @returns whether the conversation goes on as usual */
  function usual(moment: SmtpMoment): boolean {
    const misbehaviour = conversation.misbehaviour();
    if (misbehaviour?.at !== moment) return true;
    conversation.onMisbehaved();
    const { does, answer } = misbehaviour;
    if (answer !== undefined) say(answer);
    if (does === 'cut') socket.end();
    if (does === 'reset') {
      if (socket instanceof tls.TLSSocket) socket.destroy();
      else socket.resetAndDestroy();
    }
    if (does !== 'answer') isMute = true;
    return false;
  }

  function onCommand(line: string): void {
    conversation.said.push(line);
    const verb = line.split(' ')[0]?.toUpperCase() ?? '';
    if (verb === 'EHLO' && usual('EHLO')) {
      const { extensions = [], tls: keys } = conversation.settings;
      const isPlain = keys && !(socket instanceof tls.TLSSocket);
      const lines = ['peer', ...(isPlain ? ['STARTTLS'] : []), ...extensions];
      const last = lines.length - 1;
      say(lines.map((one, at) => `250${at === last ? ' ' : '-'}${one}\r\n`).join(''));
    }
    if (verb === 'STARTTLS' && usual('STARTTLS')) startTls();
    if (verb === 'AUTH' && usual('AUTH')) say('235 2.7.0 welcome\r\n');
    if (verb === 'MAIL') {
      from = address(line);
      if (usual('MAIL')) say('250 2.1.0 ok\r\n');
    }
    if (verb === 'RCPT') {
      to = '';
      if (usual('RCPT')) {
        to = address(line);
        say('250 2.1.5 ok\r\n');
      }
    }
    if (verb === 'DATA' && usual('DATA')) {
      inBody = to !== '' || conversation.settings.asksAnyway === true;
      if (inBody) conversation.askedFor.add(to);
      say(inBody ? '354 go on\r\n' : '554 5.5.1 no valid recipients\r\n');
    }
    if (verb === 'QUIT') {
      say('221 bye\r\n');
      socket.end();
    }
  }

  function onBody(): void {
    if (conversation.misbehaviour()?.at === 'body') {
      usual('body');
      return;
    }
    if (to === '' && pending === '.\r\n') {
      pending = '';
      inBody = false;
      say('554 5.5.1 no valid recipients\r\n');
      return;
    }
    const end = pending.indexOf('\r\n.\r\n');
    if (end < 0) return;
    const text = pending.slice(0, end + 2).replace(/^\.\./gm, '.');
    pending = pending.slice(end + 5);
    inBody = false;
    const misbehaviour = conversation.misbehaviour();
    const takes = misbehaviour?.at !== 'dot' || misbehaviour.takes === true;
    const number = conversation.onMessage({ from, to, text, takenAtMs: Date.now() }, takes);
    if (usual('dot')) say(`250 2.0.0 Ok: queued as 4XYZ${number}AB\r\n`);
  }

  function onData(chunk: Buffer): void {
    if (isMute) return;
    pending += chunk.toString('latin1');
    while (!isMute && pending !== '') {
      if (inBody) {
        onBody();
        return;
      }
      const end = pending.indexOf('\r\n');
      if (end < 0) return;
      const line = pending.slice(0, end);
      pending = pending.slice(end + 2);
      onCommand(line);
    }
  }

  function startTls(): void {
    socket.off('data', onData);
    const keys = conversation.settings.tls;
    socket.write('220 go on\r\n', () => {
      socket = new tls.TLSSocket(socket, { isServer: true, ...keys });
      socket.on('error', () => {});
      socket.on('data', onData);
    });
  }

  socket.on('data', onData);
  if (usual('banner')) say('220 peer ESMTP\r\n');
}

function address(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? '';
}
