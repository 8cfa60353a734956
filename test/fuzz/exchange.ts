import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

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
/** As long as a system that has too much to do asks others to wait, and a little more. */
const restMs = 2_500;

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
    /**
     * Several at once, answers in the order of the requests. What broke off is sent once more, and so is
     * what the system had no room for: after a rest and one by one, so that only one that is idle and still
     * has none answers so.
     */
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
      const busy = [...answers.keys()].filter((index) => isBusy(answers[index]));
      if (busy.length > 0) await sleep(restMs);
      for (const index of busy) answers[index] = await send(requests[index] as FuzzRequest);
      return answers;
    },
    close: () => agent.destroy(),
  };
}

function isBusy(answer: FuzzAnswer | undefined): boolean {
  return answer?.status === 503 && answer.headers['retry-after'] !== undefined;
}
