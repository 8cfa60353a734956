import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** What is waited for on the way through, to do something at exactly that moment. */
export interface Trap {
  /** On its way to the server, or back. */
  readonly on: 'request' | 'answer';
  readonly words: string;
  /** Only on a connection that has said this before, since it last said `words`. */
  readonly after?: string;
  /** What becomes of the bytes that hold the words; the connection is dead to both sides after a loss. */
  readonly fate: 'pass' | 'lose' | 'cut';
  readonly spring?: () => void;
}

export interface ArmedTrap {
  /** Resolves when it has sprung. */
  readonly sprung: Promise<void>;
  disarm(): void;
}

/**
 * A way to a server on which everything can go wrong that goes wrong on networks, by command.
 *
 * One kind for all: PostgreSQL, Redis, an SMS provider, a mail server, and our own API.
 */
export interface FaultProxy {
  readonly port: number;
  /** The same address, through the proxy. */
  through(url: string): string;
  /** From now on connections lead there; those that are open stay. */
  leadTo(port: number): void;
  /** Resets every connection that is open. */
  cutAll(): void;
  /** Refuses who comes, and resets who is there, until healed. */
  refuse(): void;
  /** Takes connections and lets nothing through on any, in either direction, nor closes one. */
  stall(): void;
  /** Lets everything through to the server and nothing back: half open. */
  muffle(): void;
  /** Every piece comes so much later. */
  delay(ms: number): void;
  /** So many bytes at a time, so long after each other, on the way back. */
  trickle(bytes: number, everyMs: number): void;
  /** New connections work again; those that were stalled or muffled stay silent for ever. */
  heal(): void;
  /** Springs once, on the first connection on which it happens. */
  trap(trap: Trap): ArmedTrap;
  /** How many connections are open now. */
  open(): number;
  close(): Promise<void>;
}

type Mood =
  | { kind: 'well' | 'refusing' | 'stalled' | 'muffled' }
  | { kind: 'late'; ms: number }
  | { kind: 'trickling'; bytes: number; everyMs: number };

interface Way {
  readonly client: Socket;
  readonly server: Socket;
  /** Nothing passes any more, and nobody is told. */
  dead: boolean;
  /** Answers do not pass any more. */
  muffled: boolean;
  /** What of the armed traps this connection has said that must come before. */
  readonly heard: Set<Trap>;
}

export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const ways = new Set<Way>();
  const sockets = new Set<Socket>();
  const traps = new Map<Trap, () => void>();
  let mood: Mood = { kind: 'well' };
  let targetPort = target;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    keep(client);
    if (mood.kind === 'refusing') return void client.resetAndDestroy();
    if (mood.kind === 'stalled') return void client.resume();
    const upstream = keep(connect({ host: '127.0.0.1', port: targetPort, noDelay: true }));
    const muffled = mood.kind === 'muffled';
    const way: Way = { client, server: upstream, dead: false, muffled, heard: new Set() };
    ways.add(way);
    carry(way, 'request', client, upstream);
    carry(way, 'answer', upstream, client);
    // Whoever is killed, its machine says so to the other side; what is lost on the way is not heard of.
    client.on('close', () => {
      ways.delete(way);
      upstream.destroy();
    });
    upstream.on('close', () => {
      ways.delete(way);
      if (!way.dead) client.destroy();
    });
  });

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    return socket;
  }

  /** One direction of one connection; pieces stay in order, however long each takes. */
  function carry(way: Way, direction: Trap['on'], from: Socket, to: Socket): void {
    let before = Promise.resolve();
    let pending = 0;
    from.on('data', (piece: Buffer) => {
      if (way.dead || isCaught(way, direction, piece)) return;
      if (direction === 'answer' && way.muffled) return;
      if (pending === 0 && (mood.kind === 'well' || mood.kind === 'muffled')) {
        to.write(piece);
        return;
      }
      pending += 1;
      before = before
        .then(() => carryLate(way, direction, to, piece))
        .finally(() => {
          pending -= 1;
        });
    });
    from.on('end', () => {
      // Of one that is killed, the server hears in the end; else its connections would be taken for good.
      if (way.dead && direction === 'request') from.destroy();
      void before.then(() => !way.dead && to.end());
    });
  }

  async function carryLate(way: Way, direction: Trap['on'], to: Socket, piece: Buffer) {
    if (mood.kind === 'late') await wait(mood.ms);
    for (let at = 0; at < piece.length; ) {
      const isSlow: boolean = mood.kind === 'trickling' && direction === 'answer';
      const bytes = mood.kind === 'trickling' && isSlow ? mood.bytes : piece.length;
      if (mood.kind === 'trickling' && isSlow) await wait(mood.everyMs);
      if (way.dead || to.destroyed) return;
      to.write(piece.subarray(at, at + bytes));
      at += bytes;
    }
  }

  /** @returns whether the piece goes no further */
  function isCaught(way: Way, on: Trap['on'], piece: Buffer): boolean {
    for (const [trap, sprung] of Array.from(traps)) {
      if (trap.after !== undefined && on === 'request' && piece.includes(trap.after)) {
        way.heard.add(trap);
      }
      if (trap.on !== on || !piece.includes(trap.words)) continue;
      if (trap.after !== undefined && !way.heard.has(trap)) continue;
      traps.delete(trap);
      if (trap.fate === 'lose') way.dead = true;
      if (trap.fate === 'cut') cut(way);
      trap.spring?.();
      sprung();
      return trap.fate !== 'pass';
    }
    return false;
  }

  function cut(way: Way): void {
    way.client.resetAndDestroy();
    way.server.resetAndDestroy();
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    through(url) {
      const changed = new URL(url);
      changed.hostname = '127.0.0.1';
      changed.port = String(port);
      return changed.href.replace(/\/$/, '');
    },
    leadTo(other) {
      targetPort = other;
    },
    cutAll() {
      for (const way of Array.from(ways)) cut(way);
    },
    refuse() {
      mood = { kind: 'refusing' };
      for (const way of Array.from(ways)) cut(way);
    },
    stall() {
      mood = { kind: 'stalled' };
      for (const way of ways) {
        way.dead = true;
        way.server.destroy();
      }
    },
    muffle() {
      mood = { kind: 'muffled' };
      for (const way of ways) way.muffled = true;
    },
    delay(ms) {
      mood = { kind: 'late', ms };
    },
    trickle(bytes, everyMs) {
      mood = { kind: 'trickling', bytes, everyMs };
    },
    heal() {
      mood = { kind: 'well' };
    },
    trap(trap) {
      const { promise: sprung, resolve } = Promise.withResolvers<void>();
      traps.set(trap, resolve);
      return { sprung, disarm: () => void traps.delete(trap) };
    },
    open: () => ways.size,
    async close() {
      for (const socket of Array.from(sockets)) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
