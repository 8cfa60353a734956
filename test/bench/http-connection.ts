import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';

/** What came back, and when, by `performance.now()`. */
export interface HttpAnswer {
  readonly status: number;
  /** As it came, its names in whatever case the server wrote them. */
  readonly head: string;
  readonly body: string;
  readonly firstByteAtMs: number;
  readonly lastByteAtMs: number;
}

/** One kept-alive connection, for one request at a time. */
export interface HttpConnection {
  /** @param request as it goes over the wire */
  send(request: string): Promise<HttpAnswer>;
  close(): void;
}

const headEnd = '\r\n\r\n';

/**
 * As much of HTTP/1.1 as servers of our own answer with, at a tenth of what a whole client costs: on a
 * machine of two cores the client's part must not be what is measured.
 */
export async function openConnection(port: number): Promise<HttpConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let awaited: PromiseWithResolvers<HttpAnswer> | undefined;
  let text = '';
  let firstByteAtMs = 0;

  function take(): void {
    const bodyAt = text.indexOf(headEnd) + headEnd.length;
    if (bodyAt < headEnd.length) return;
    const head = text.slice(0, bodyAt);
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
    assert(length !== undefined, 'an answer without its length');
    if (text.length < bodyAt + Number(length)) return;
    const answer = {
      ...{ status: Number(head.slice(9, 12)), head, body: text.slice(bodyAt) },
      ...{ firstByteAtMs, lastByteAtMs: performance.now() },
    };
    text = '';
    const waiting = awaited;
    awaited = undefined;
    waiting?.resolve(answer);
  }

  socket.setEncoding('latin1').on('data', (chunk: string) => {
    if (text === '') firstByteAtMs = performance.now();
    text += chunk;
    try {
      take();
    } catch (error) {
      socket.destroy(error as Error);
    }
  });
  const fail = (error?: Error) => awaited?.reject(error ?? new Error('a connection was closed'));
  socket.on('error', fail).on('close', () => fail());

  return {
    send(request) {
      assert(!awaited, 'one request at a time');
      assert(!socket.destroyed, 'a connection was closed');
      awaited = Promise.withResolvers();
      socket.write(request, 'latin1');
      return awaited.promise;
    },
    close: () => void socket.destroy(),
  };
}

export function openConnections(port: number, count: number): Promise<HttpConnection[]> {
  return Promise.all(Array.from({ length: count }, () => openConnection(port)));
}
