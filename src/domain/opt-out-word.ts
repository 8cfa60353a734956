/** What somebody says about all messages to them. */
export type OptOutWord = 'stop' | 'start';

/**
 * The words that stop messages: Twilio's own, after which it refuses to send, and what people say in
 * the languages that we write. None that may mean "cancel my appointment" is added to Twilio's.
 *
 * @see https://help.twilio.com/articles/223134027
 */
const stopWords = [
  ...['STOP', 'STOPALL', 'UNSUBSCRIBE', 'END', 'QUIT', 'CANCEL', 'OPTOUT', 'REVOKE'],
  ...['ARRET', 'ARRETE', 'ARRETER', 'ARRETEZ', 'ARRETT', 'DESABONNER', 'DESINSCRIRE'],
  ...['STOPP', 'STOPPEN', 'ABMELDEN', 'ABBESTELLEN', 'AUFHÖREN'],
  ...['BAJA', 'ALTO', 'PARAR', 'BASTA', 'DETENER'],
  ...['FERMA', 'FERMARE', 'DISISCRIVI', 'DISISCRIVIMI'],
  ...['AFMELDEN', 'UITSCHRIJVEN'],
  ...['توقف', 'أوقف', 'إيقاف', 'قف', 'إلغاء الاشتراك'],
];

/** The words that take it back: Twilio's own alone, for it must lift its refusal too. */
const startWords = ['START', 'UNSTOP', 'YES'];

const words = new Map<string, OptOutWord>([
  ...stopWords.map((word) => [folded(word), 'stop'] as const),
  ...startWords.map((word) => [folded(word), 'start'] as const),
]);
/** Longer than any of them, however it is spelt. */
const lengthMax = 64;

/**
 * What a message says about messages, if it is nothing but such a word. Case, accents, spaces and
 * punctuation do not count; a word within a sentence says nothing.
 */
export function optOutWordIn(message: string): OptOutWord | undefined {
  return message.length > lengthMax ? undefined : words.get(folded(message));
}

function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toUpperCase();
}
