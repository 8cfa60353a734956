import { SegmentedMessage } from 'sms-segments-calculator';
import { type Language, languages } from '../domain/language.ts';
import { messageTexts } from '../texts/catalogue.ts';
import { codeConstant, emailConstants, smsSentence } from './message-constants.ts';
import { codeHost } from './render-code.ts';
import { smsAlphabet } from './sms-alphabet.ts';

/**
 * Parts of words that a neutral text must not hold, without accents and in every language alike:
 * health, appointments, days, and words that carriers or patients take for cancelling.
 */
const forbidden = [
  ...['sante', 'health', 'gesund', 'salud', 'salute', 'gezondh', 'medic', 'mediz', 'patient'],
  ...['docteur', 'doctor', 'arzt', 'dottor', 'praxis', 'praktij', 'clini', 'klini', 'dokter'],
  ...['hopital', 'hospital', 'krankenhaus', 'ospedal', 'ziekenhuis', 'cabinet', 'pazient'],
  ...['rendez', 'rdv', 'appointment', 'termin', 'cita', 'appuntament', 'afspraa', 'consult'],
  ...['visit', 'demain', 'tomorrow', 'morgen', 'manana', 'domani', 'aujourd', 'today', 'heute'],
  ...['oggi', 'vandaag', 'cancel', 'annul', 'absag', 'storn', 'anular'],
  // Without marks too: hamza and the like are marks once a letter is taken apart.
  ...['صح', 'طب', 'دكتور', 'علاج', 'مريض', 'مرضى', 'عياد', 'مستشف', 'مستوصف', 'موعد', 'مواعيد'],
  ...['زيار', 'استشار', 'غدا', 'اليوم', 'الغاء'],
];

/**
 * Reads every constant text as a carrier and a bystander would, for the start of a process that
 * sends: it refuses to start on any problem.
 *
 * @param linkHostUrl the origin of links; with 69 characters more it is the longest link
 * @returns one line a problem, empty when all is well
 */
export function lintMessages({
  linkHostUrl,
  optOut,
}: {
  linkHostUrl: string;
  optOut: boolean;
}): string[] {
  const longestLink = `${linkHostUrl}/${'w'.repeat(68)}`;
  const host = codeHost(linkHostUrl);
  return languages.flatMap((language) => {
    if (!messageTexts[language]) return [`${language}: has no text`];
    const problems = [
      ...smsProblems(language, { longestLink, optOut }),
      ...codeProblems(language, host),
      ...emailProblems(language),
    ];
    return problems.map((problem) => `${language}: ${problem}`);
  });
}

function smsProblems(
  language: Language,
  { longestLink, optOut }: { longestLink: string; optOut: boolean },
): string[] {
  const sentence = smsSentence(language, optOut);
  return [
    ...segmentProblems(language, sentence + longestLink),
    ...(sentence.endsWith(' ') ? [] : ['runs into the link']),
    ...wordProblems(sentence),
  ];
}

function codeProblems(language: Language, host: string): string[] {
  const { code } = messageTexts[language];
  const longest = codeConstant(language)
    .replaceAll('{host}', host)
    .replaceAll('{code}', '0'.repeat(6));
  const problems = [
    ...segmentProblems(language, longest),
    ...(holes(code, '{code}') === 1 ? [] : ['does not hold {code} once']),
    ...wordProblems(code.replaceAll('{code}', '')),
  ];
  return problems.map((problem) => `code: ${problem}`);
}

function emailProblems(language: Language): string[] {
  const { subject, text } = emailConstants(language);
  const words = Object.values(messageTexts[language].email);
  const problems = [
    ...(words.some((each) => each.trim() === '') ? ['has an empty text'] : []),
    ...(/[<>&"]/.test(words.join('')) ? ['holds markup'] : []),
    ...(/[\r\n]/.test(subject) ? ['has a subject of several lines'] : []),
    ...(words.some((each) => /[{}]/.test(each)) ? ['holds a hole'] : []),
    ...wordProblems(`${subject}\n${text.replaceAll('{link}', '')}\n${words.join('\n')}`),
  ];
  return problems.map((problem) => `email: ${problem}`);
}

function segmentProblems(language: Language, longest: string): string[] {
  const { encoding, segmentsMax, characters } = smsAlphabet(language);
  const { segmentsCount, ...message } = measure(longest);
  const problems: string[] = [];
  if (message.encoding !== encoding) problems.push(`is not ${encoding}`);
  if (!characters.test(longest)) problems.push('holds a character outside its alphabet');
  if (segmentsCount > segmentsMax) {
    problems.push(`needs ${segmentsCount} segments at its longest, not ${segmentsMax}`);
  }
  return problems;
}

function measure(text: string): { encoding: string; segmentsCount: number } {
  const message = new SegmentedMessage(text);
  return { encoding: message.getEncodingName(), segmentsCount: message.segmentsCount };
}

function wordProblems(sentence: string): string[] {
  const problems: string[] = [];
  if (/\p{Nd}/u.test(sentence)) problems.push('holds a digit');
  if (/[/@]|www|[\p{L}\p{N}]\.[\p{L}\p{N}]/u.test(sentence)) problems.push('holds an address');
  const plain = sentence.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  for (const word of forbidden) {
    if (plain.includes(word)) problems.push(`says "${word}"`);
  }
  return problems;
}

function holes(text: string, hole: string): number {
  return text.split(hole).length - 1;
}
