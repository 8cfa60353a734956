import type { FuzzAnswer, FuzzRequest } from './exchange.ts';
import type { FuzzVisitor, PageFuzzRequest } from './page-requests.ts';

/** What every answer must have, whoever asked for what. */
function faultOf({ status, headers, text }: FuzzAnswer, canary: string): string | undefined {
  if (status >= 500) return `${status}`;
  const told = `${JSON.stringify(headers)}\n${text}`;
  if (told.toLowerCase().includes(canary.toLowerCase()))
    return `${status}, and it repeats the canary`;
  if (headers['x-content-type-options'] !== 'nosniff') return `${status} without nosniff`;
  if (!/frame-ancestors 'none'/.test(String(headers['content-security-policy']))) {
    return `${status} without a content policy`;
  }
  if (headers['x-injected'] !== undefined) return `${status} with a header of ours`;
  const { location } = headers;
  if (location !== undefined && !/^\/(?![/\\])/.test(location)) return `${status} to ${location}`;
  return undefined;
}

export function apiJudge(canary: string) {
  return (request: FuzzRequest, answer: FuzzAnswer): string | undefined => {
    const fault = faultOf(answer, canary);
    if (fault !== undefined) return fault;
    const isDocs = /^\w+ \/(docs|openapi)/.test(request.route);
    const type = String(answer.headers['content-type'] ?? '');
    const isBodied = answer.text !== '' && !isDocs;
    if (isBodied && answer.status >= 400 && !type.startsWith('application/problem+json')) {
      return `${answer.status} as ${type}`;
    }
    return undefined;
  };
}

export function pageJudge(visitors: readonly FuzzVisitor[], canary: string) {
  return (request: PageFuzzRequest, answer: FuzzAnswer): string | undefined => {
    const fault = faultOf(answer, canary);
    if (fault !== undefined) return fault;
    const shown = visitors.flatMap(({ details }, index) =>
      answer.text.includes(details) ? [index] : [],
    );
    const foreign = shown.filter((index) => !request.sessionsOf.includes(index));
    return foreign.length > 0 || shown.length > 1
      ? `${answer.status} shows an appointment that was not proved`
      : undefined;
  };
}
