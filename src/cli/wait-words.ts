import { type ApiAnswer, problemIn } from './call-api.ts';

/** An answer that says to come back later, as `429 quota_exceeded`. */
export function reasonToWait({ status, body }: NonNullable<ApiAnswer>): string {
  const { code } = problemIn(body);
  return code === 'unknown_answer' ? `${status}` : `${status} ${code}`;
}

/** How long, in the units that matter: `45 s`, `23 min`, `5 h 10 min`. Never less than it is. */
export function spanWords(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds <= 90) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes <= 90) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest > 0 ? ` ${rest} min` : ''}`;
}

/** When, to the second and never too early: `2026-11-27 14:00:00 UTC`. */
export function momentWords(at: Date): string {
  const whole = new Date(Math.ceil(at.getTime() / 1_000) * 1_000);
  return `${whole.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
