import { expect, it } from 'vitest';
import { createLog, errorFacts, type LogFacts } from '../../src/telemetry/log.ts';

/** Every field there is: one more is a decision about what who stole a log would learn. */
const fields: Required<LogFacts> = {
  ...{ code: 'a', reason: 'a', status: 1, method: 'a', route: 'a', role: 'a', channel: 'a' },
  ...{ mode: 'a', state: 'a', outcome: 'a', duty: 'a', organisationId: 'a', appointmentId: 'a' },
  ...{ reminderId: 'a', attemptId: 'a', batchId: 'a', callbackId: 'a', credentialId: 'a' },
  ...{ endpointId: 'a', incidentId: 'a', requestId: 'a', count: 1, durationMs: 1, port: 1 },
  sqlState: 'a',
};
const canary = 'canari +33639980001';
const levels = ['debug', 'info', 'warn', 'error'] as const;

/** What a log writes, without the time. */
function written(write: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  write(createLog({ role: 'api', level: 'debug' }, stream));
  return lines.map((line) => line.replace(/"time":\d{13},/, ''));
}

it.each(levels)(
  'a line (%s) holds a phrase and known fields, whatever was spread into it',
  (level) => {
    const strange = { code: 'x', ...({ phone: canary, err: new Error(canary) } as object) };
    const number = { debug: 20, info: 30, warn: 40, error: 50 }[level];
    expect(written((log) => log[level]('a phrase', strange))).toEqual([
      `{"level":${number},"role":"api","code":"x","msg":"a phrase"}\n`,
    ]);
  },
);

it('each of the fields that there are is written, and there is no other', () => {
  const { role: _, ...facts } = fields;
  const spread = { ...facts, ...({ msg: canary, detail: canary, message: canary } as object) };
  const [line = ''] = written((log) => log.info('a phrase', spread));
  expect(JSON.parse(line)).toEqual({ level: 30, role: 'api', ...facts, msg: 'a phrase' });
});

it('of an error that nobody foresaw it has a code, and no word of its message', () => {
  const errors = [new Error(canary), canary, Object.assign(new Error(canary), { code: canary })];
  const codes = errors.map((error) => errorFacts(error));
  expect(codes).toEqual([{ code: 'Error' }, { code: 'unknown' }, { code: 'unknown' }]);
});
