import http from 'node:http';

export interface FuzzRequest {
  /** `METHOD /pattern`, to tell of it without what was in it. */
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

const timeoutMs = 30_000;

/** Sends requests to one listener over connections that are used again. */
export function createSender(url: string, connections: number) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const { hostname, port } = new URL(url);

  function send({ method, path, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const options = { agent, hostname, port, method, path, headers: { ...headers, ...length } };
      const request = http.request({ ...options, timeout: timeoutMs }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('latin1'),
          }),
        );
      });
      request.once('timeout', () => request.destroy(new Error('no answer in 30 s')));
      request.once('error', reject);
      request.end(body);
    });
  }

  return {
    send,
    /** Several at once, answers in the order of the requests. What broke off is sent once more. */
    async sendAll(requests: readonly FuzzRequest[]): Promise<FuzzAnswer[]> {
      const answers: FuzzAnswer[] = [];
      let next = 0;
      const goOn = async () => {
        for (let index = next++; index < requests.length; index = next++) {
          const request = requests[index] as FuzzRequest;
          // A connection may have been closed by the other side, which refuses without reading on.
          answers[index] = await send(request).catch(() => send(request));
        }
      };
      await Promise.all(Array.from({ length: connections }, goOn));
      return answers;
    },
    close: () => agent.destroy(),
  };
}
