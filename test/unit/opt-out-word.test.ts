import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { optOutWordIn } from '../../src/domain/opt-out-word.ts';
import { parseInboundWord } from '../../src/transport/sms-twilio-callback.ts';

const twilioStops = ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'END', 'QUIT', 'CANCEL', 'OPTOUT', 'REVOKE'];

describe('a word that stops messages', () => {
  it.each([
    ...twilioStops,
    ...[
      'stop',
      ' Stop. ',
      '“STOP”',
      'STOP!!',
      'S T O P',
      'Stop all',
      'OPT-OUT',
      'STOP 🛑',
      '\nstop\n',
    ],
    ...['Arrêt', 'ARRET', 'arrête', 'Stopp', 'abmelden', 'BAJA', 'alto', 'Ferma', 'afmelden'],
    ...['توقف', 'إيقاف', 'ايقاف', 'إلغاء الاشتراك', 'ＳＴＯＰ'],
  ])('is heard: %s', (text) => {
    expect(optOutWordIn(text)).toBe('stop');
  });

  it.each(['START', 'start', 'Unstop', ' yes! '])('is taken back by %s', (text) => {
    expect(optOutWordIn(text)).toBe('start');
  });

  it.each([
    ...['', ' ', '?', 'ok', 'STOP please', 'please stop', 'Non stop', 'STOP1', 'bus stop', 'HELP'],
    ...[
      'I cannot come, please cancel',
      'annuler',
      'Ende gut',
      'no',
      'oui',
      `STOP${'.'.repeat(99)}`,
    ],
  ])('is not found in: %s', (text) => {
    expect(optOutWordIn(text)).toBeUndefined();
  });

  it('is never found in a text that holds a second word', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...twilioStops),
        fc.stringMatching(/^[a-z]{5,10}$/),
        (stop, other) => {
          expect(optOutWordIn(`${stop} x${other}`)).toBeUndefined();
          expect(optOutWordIn(`x${other} ${stop}`)).toBeUndefined();
        },
      ),
    );
  });
});

describe('an inbound message', () => {
  const From = '+33639980001';

  it('is of its sender, and says nothing but the word', () => {
    const said = parseInboundWord({ From, Body: 'stop', To: '+33700000000', NumMedia: '0' });
    expect(said?.from.reveal()).toBe(From);
    expect(JSON.stringify(said)).toBe('{"from":"[sealed]","word":"stop"}');
  });

  it('is what Advanced Opt-Out takes it for, whatever it says', () => {
    const word = (OptOutType: string, Body: string) =>
      parseInboundWord({ From, Body, OptOutType })?.word;
    expect(word('STOP', 'laissez-moi tranquille')).toBe('stop');
    expect(word('START', 'encore')).toBe('start');
    expect(word('HELP', 'STOP')).toBeUndefined();
    expect(word('SOMETHING NEW', 'STOP')).toBe('stop');
    expect(word('constructor', 'nothing')).toBeUndefined();
  });

  it.each([
    {},
    { From },
    { Body: 'STOP' },
    { From: 'AMEN', Body: 'STOP' },
    { From: '12345', Body: 'STOP' },
    { From: 'whatsapp:+33639980001', Body: 'STOP' },
    { From: [From, '+33639980002'], Body: 'STOP' },
    { From, Body: ['STOP', 'START'] },
  ])('without a sender of ours or a body says nothing: %j', (params) => {
    expect(parseInboundWord(params)).toBeUndefined();
  });
});
