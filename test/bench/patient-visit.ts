import assert from 'node:assert/strict';
import type { HttpAnswer, HttpConnection } from './http-connection.ts';

/** What a patient does with a link, one request each. */
export const visitSteps = ['link', 'landing', 'question', 'answer', 'details'] as const;
export type VisitStep = (typeof visitSteps)[number];

/** How long each request of a visit waited for the first byte of its answer, and how much came. */
export type SeenVisit = Readonly<
  Record<VisitStep, { readonly firstByteMs: number; readonly bytes: number }>
>;

/**
 * Opens a link, goes on to the question, answers it with the PIN, and sees the details, as a browser that
 * keeps cookies.
 *
 * @param from the address that a proxy says it comes from: each patient has one of their own
 * @throws when a page is not the one expected
 */
export async function visit(
  connection: HttpConnection,
  { token, pin, from }: { token: string; pin: string; from: string },
): Promise<SeenVisit> {
  const cookies = new Map<string, string>();
  const seen: Partial<Record<VisitStep, { firstByteMs: number; bytes: number }>> = {};

  async function ask(step: VisitStep, request: string, body = ''): Promise<HttpAnswer> {
    const cookie = Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ');
    const sentAt = performance.now();
    const answer = await connection.send(
      `${request} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: ${from}\r\ncookie: ${cookie}\r\n` +
        `content-type: application/x-www-form-urlencoded\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const expected = body === '' && step !== 'link' ? 200 : 303;
    assert.equal(answer.status, expected, `${step} answered ${answer.status}`);
    keepCookies(answer.head, cookies);
    seen[step] = {
      firstByteMs: answer.firstByteAtMs - sentAt,
      bytes: answer.head.length + answer.body.length,
    };
    return answer;
  }

  await ask('link', `GET /${token}`);
  await ask('landing', 'GET /r');
  const question = await ask('question', 'GET /prove');
  const form = /name="form" value="([^"]+)"/.exec(question.body)?.[1] ?? '';
  await ask('answer', 'POST /prove', `form=${form}&pin=${pin}`);
  const details = await ask('details', 'GET /details');
  assert.match(details.body, /data-step="details"/);
  return seen as SeenVisit;
}

function keepCookies(head: string, cookies: Map<string, string>): void {
  for (const [, name = '', value = ''] of head.matchAll(/^set-cookie: ([^=]+)=([^;\r]*)/gim)) {
    if (value === '') cookies.delete(name);
    else cookies.set(name, value);
  }
}
