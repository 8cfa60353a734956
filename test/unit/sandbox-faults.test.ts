import { describe, expect, it } from 'vitest';
import { planBounces } from '../../src/sandbox/bounces.ts';
import { createFaults, faultsSchema, receiptModes } from '../../src/sandbox/faults.ts';
import { planReceipts } from '../../src/sandbox/status-callbacks.ts';

describe('the share of messages that meet a fault', () => {
  it.each([
    [1, 'xxxxxxxx'],
    [0.5, '.x.x.x.x'],
    [0.25, '...x...x'],
    [0, '........'],
  ])('is %d, spread evenly and the same each time', (rate, pattern) => {
    const faults = createFaults();
    for (let run = 0; run < 2; run += 1) {
      faults.set(faultsSchema.parse({ sms: { mode: '500', receipts: 'lost', rate } }));
      const modes = Array.from(pattern, () => faults.nextSendMode());
      const receipts = Array.from(pattern, () => faults.nextReceiptMode());
      expect(modes.map((mode) => (mode === '500' ? 'x' : '.')).join('')).toBe(pattern);
      expect(receipts.map((mode) => (mode === 'lost' ? 'x' : '.')).join('')).toBe(pattern);
    }
  });

  it('is counted apart for SMS, mails and bounces', () => {
    const faults = createFaults();
    const half = { rate: 0.5 };
    faults.set(
      faultsSchema.parse({
        sms: { mode: '500', ...half },
        email: { mode: '421', bounces: 'lost', ...half },
      }),
    );
    expect([faults.nextSendMode(), faults.nextMailMode(), faults.nextBounceMode()]).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    expect([faults.nextMailMode(), faults.nextBounceMode(), faults.nextSendMode()]).toEqual([
      '421',
      'lost',
      '500',
    ]);
    expect(faults.nextConnectionRefused()).toBe(false);
  });

  it('is counted in connections where connections are refused', () => {
    const faults = createFaults();
    faults.set(faultsSchema.parse({ email: { mode: 'reject-connection', rate: 0.5 } }));
    expect(faults.nextConnectionRefused()).toBe(false);
    expect(faults.nextMailMode()).toBe('ok');
    expect(faults.nextConnectionRefused()).toBe(true);
  });
});

describe('bounces', () => {
  it('follow the mode, and a magic address whatever it is', () => {
    expect(planBounces('ok', false, 100)).toEqual([100]);
    expect(planBounces('late', false, 100)).toEqual([30_100]);
    expect(planBounces('lost', false, 100)).toEqual([]);
    expect(planBounces('doubled', false, 100)).toEqual([100, 200]);
    expect(planBounces('lost', true, 100)).toEqual([100, 200]);
  });
});

describe('receipts', () => {
  const words = (...input: Parameters<typeof planReceipts>) =>
    planReceipts(...input)
      .toSorted((a, b) => a.afterMs - b.afterMs)
      .map(({ word, forged }) => (forged ? `forged ${word}` : word));

  it('follow the mode', () => {
    expect(
      Object.fromEntries(receiptModes.map((mode) => [mode, words(mode, undefined, 100)])),
    ).toEqual({
      ok: ['sent', 'delivered'],
      lost: [],
      late: ['sent', 'delivered'],
      doubled: ['sent', 'sent', 'delivered', 'delivered'],
      reordered: ['delivered', 'sent'],
      forged: ['forged undelivered', 'sent', 'delivered'],
    });
    expect(planReceipts('late', undefined, 100)[0]?.afterMs).toBe(30_100);
  });

  it('of a magic number follow the number, whatever the mode', () => {
    expect(words('ok', { kind: 'undelivered', code: 30003 }, 100)).toEqual(['sent', 'undelivered']);
    for (const mode of receiptModes) {
      expect(words(mode, { kind: 'no_receipt' }, 100)).toEqual([]);
      expect(words(mode, { kind: 'doubled_receipts' }, 100)).toEqual([
        'sent',
        'sent',
        'delivered',
        'delivered',
      ]);
    }
  });
});
