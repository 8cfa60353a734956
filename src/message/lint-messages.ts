import { SegmentedMessage } from 'sms-segments-calculator';
import { languages } from '../domain/language.ts';
import { smsTexts } from './sms-texts.ts';

/**
 * Parts of words that a neutral text must not hold, without accents and in every language alike:
 * health, appointments, days, and words that carriers or patients take for cancelling.
 */
const forbidden = [
  ...['sante', 'health', 'gesund', 'salud', 'salute', 'gezond', 'medic', 'mediz', 'patient'],
  ...['docteur', 'doctor', 'arzt', 'dottor', 'praxis', 'praktij', 'clini', 'klini'],
  ...['hopital', 'hospital', 'krankenhaus', 'ospedal', 'ziekenhuis', 'cabinet', 'pazient'],
  ...['rendez', 'rdv', 'appointment', 'termin', 'cita', 'appuntament', 'afspraa', 'consult'],
  ...['visit', 'demain', 'tomorrow', 'morgen', 'manana', 'domani', 'aujourd', 'today', 'heute'],
  ...['oggi', 'vandaag', 'cancel', 'annul', 'absag', 'storn', 'anular'],
];

/**
 * Reads every constant text as a carrier and a bystander would, for the start of a process that
 * sends: it refuses to start on any problem.
 *
 * @param linkHostUrl the origin of links; with 68 characters more it is the longest link
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
  return languages.flatMap((language) => {
    const text = smsTexts[language];
    if (!text) return [`${language}: has no text`];
    return problemsOf(optOut ? text.withOptOut : text.plain, longestLink).map(
      (problem) => `${language}: ${problem}`,
    );
  });
}

function problemsOf(sentence: string, longestLink: string): string[] {
  const problems: string[] = [];
  const message = new SegmentedMessage(sentence + longestLink);
  if (message.getEncodingName() !== 'GSM-7') problems.push('is not GSM-7');
  if (message.segmentsCount !== 1) {
    problems.push(`needs ${message.segmentsCount} segments with the longest link, not 1`);
  }
  if (!sentence.endsWith(' ')) problems.push('runs into the link');
  if (/\d/.test(sentence)) problems.push('holds a digit');
  if (/[/@]|www|\w\.\w/.test(sentence)) problems.push('holds an address');
  const plain = sentence.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  for (const word of forbidden) {
    if (plain.includes(word)) problems.push(`says "${word}"`);
  }
  return problems;
}
