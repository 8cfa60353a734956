import { describe, expect, it } from 'vitest';
import { type Language, languages } from '../../src/domain/language.ts';
import { rightsTextsIn, textsIn } from '../../src/texts/catalogue.ts';
import {
  writeAppointmentTime,
  writeDay,
  writeDuration,
} from '../../src/texts/written-appointment-time.ts';

/** No-break spaces made visible, so that a reader of these tests sees them. */
function written(language: Language, instant: Temporal.Instant, timeZone: string): string {
  const { date, time, zone } = writeAppointmentTime(textsIn(language), instant, timeZone);
  return `${date} ${time} (${zone})`.replaceAll('\u00a0', '~');
}

function inEveryLanguage(local: string): string[] {
  const at = Temporal.ZonedDateTime.from(local);
  return languages.map((language) => written(language, at.toInstant(), at.timeZoneId));
}

const zones = [
  ...['Europe/Paris', 'Europe/London', 'Europe/Lisbon', 'Atlantic/Canary', 'Africa/Algiers'],
  ...['America/Martinique', 'America/New_York', 'Indian/Reunion', 'Asia/Kolkata', 'Asia/Kathmandu'],
  ...['Pacific/Noumea', 'America/St_Johns', 'Australia/Lord_Howe', 'Africa/Dakar'],
];

describe('an appointment’s time', () => {
  it('is written in words in every language', () => {
    expect(inEveryLanguage('2026-12-01T09:05[Europe/Paris]')).toMatchInlineSnapshot(`
      [
        "Mardi 1er décembre 2026 à 9~h~05 (heure~: France)",
        "Tuesday 1 December 2026 at 9:05 in the morning (France time)",
        "Dienstag, 1. Dezember 2026 um 9:05 Uhr (Ortszeit: Frankreich)",
        "Martes, 1 de diciembre de 2026 a las 9:05~de la~mañana (hora local: Francia)",
        "Martedì 1º dicembre 2026 alle ore 9:05 (ora locale: Francia)",
        "Dinsdag 1 december 2026 om 9.05 uur (plaatselijke tijd: Frankrijk)",
        "الثلاثاء، 1 ديسمبر 2026 الساعة 9:05 صباحًا (توقيت فرنسا)",
      ]
    `);
    expect(inEveryLanguage('2026-07-03T14:00[Indian/Reunion]')).toMatchInlineSnapshot(`
      [
        "Vendredi 3 juillet 2026 à 14~h (heure~: La Réunion)",
        "Friday 3 July 2026 at 2:00 in the afternoon (Réunion time)",
        "Freitag, 3. Juli 2026 um 14 Uhr (Ortszeit: Réunion)",
        "Viernes, 3 de julio de 2026 a las 14:00~h (hora local: Reunión)",
        "Venerdì 3 luglio 2026 alle ore 14:00 (ora locale: Riunione)",
        "Vrijdag 3 juli 2026 om 14.00 uur (plaatselijke tijd: Réunion)",
        "الجمعة، 3 يوليو 2026 الساعة 14:00 (توقيت روينيون)",
      ]
    `);
  });

  it('leaves no doubt at midnight and at noon', () => {
    expect(inEveryLanguage('2026-12-03T00:30[Europe/Berlin]')).toMatchInlineSnapshot(`
      [
        "Jeudi 3 décembre 2026 à 0~h~30 (heure~: Allemagne)",
        "Thursday 3 December 2026 at 00:30 (Germany time)",
        "Donnerstag, 3. Dezember 2026 um 0:30 Uhr (Ortszeit: Deutschland)",
        "Jueves, 3 de diciembre de 2026 a las 0:30~h (hora local: Alemania)",
        "Giovedì 3 dicembre 2026 alle ore 0:30 (ora locale: Germania)",
        "Donderdag 3 december 2026 om 0.30 uur (plaatselijke tijd: Duitsland)",
        "الخميس، 3 ديسمبر 2026 الساعة 00:30 بعد منتصف الليل (توقيت ألمانيا)",
      ]
    `);
    expect(inEveryLanguage('2026-12-03T12:00[Europe/Berlin]')).toMatchInlineSnapshot(`
      [
        "Jeudi 3 décembre 2026 à 12~h (heure~: Allemagne)",
        "Thursday 3 December 2026 at 12:00 noon (Germany time)",
        "Donnerstag, 3. Dezember 2026 um 12 Uhr (Ortszeit: Deutschland)",
        "Jueves, 3 de diciembre de 2026 a las 12:00~del~mediodía (hora local: Alemania)",
        "Giovedì 3 dicembre 2026 alle ore 12:00 (ora locale: Germania)",
        "Donderdag 3 december 2026 om 12.00 uur (plaatselijke tijd: Duitsland)",
        "الخميس، 3 ديسمبر 2026 الساعة 12:00 ظهرًا (توقيت ألمانيا)",
      ]
    `);
  });

  it('says, in the hour that comes twice, which of the two', () => {
    const first = Temporal.Instant.from('2026-10-25T00:30:00Z');
    expect(written('fr', first, 'Europe/Paris')).toMatchInlineSnapshot(
      `"Dimanche 25 octobre 2026 à 2~h~30 (heure~: France UTC+02:00)"`,
    );
    expect(written('fr', first.add({ hours: 1 }), 'Europe/Paris')).toMatchInlineSnapshot(
      `"Dimanche 25 octobre 2026 à 2~h~30 (heure~: France UTC+01:00)"`,
    );
    expect(written('ar', first, 'Europe/Paris')).toMatchInlineSnapshot(
      `"الأحد، 25 أكتوبر 2026 الساعة 2:30 صباحًا (توقيت فرنسا UTC+02:00)"`,
    );
  });

  it.each(languages)('is written differently in %s for every minute of a day', (language) => {
    const midnight = Temporal.PlainTime.from('00:00');
    const minutes = Array.from({ length: 24 * 60 }, (_, minutes) =>
      textsIn(language).writeTime(midnight.add({ minutes })),
    );
    expect(new Set(minutes).size).toBe(24 * 60);
  });

  it.each(languages)('is never the same in %s for two instants of a day of change', (language) => {
    for (const [day, timeZone] of [
      ['2026-10-25', 'Europe/Paris'],
      ['2026-03-29', 'Europe/Paris'],
      ['2026-10-25', 'Europe/London'],
      ['2026-11-01', 'America/New_York'],
      ['2026-04-05', 'Australia/Lord_Howe'],
    ] as const) {
      const start = Temporal.PlainDate.from(day).toZonedDateTime(timeZone);
      const quarters = Math.round(start.hoursInDay * 4);
      const instants = Array.from({ length: quarters }, (_, index) =>
        start.add({ minutes: 15 * index }).toInstant(),
      );
      const texts = instants.map((instant) => written(language, instant, timeZone));
      expect(new Set(texts).size, `${day} ${timeZone}`).toBe(quarters);
    }
  });

  it.each(languages)(
    'names its zone in %s by the place, in winter and in summer alike',
    (language) => {
      const names = zones.map((timeZone) => {
        const [winter, summer] = ['2026-12-03T09:30:00Z', '2026-07-03T09:30:00Z'].map((instant) =>
          writeAppointmentTime(textsIn(language), Temporal.Instant.from(instant), timeZone),
        );
        expect(winter?.zone, timeZone).toBe(summer?.zone);
        return winter?.zone ?? '';
      });
      expect(new Set(names).size).toBe(zones.length);
      // English has one name for Greenwich Mean Time wherever it is kept all year: itself.
      for (const name of names.filter((name) => language !== 'en' || name !== 'GMT')) {
        expect(name).not.toMatch(/\b(?:CES?T|MES?Z|WES?[TZ]|[ECMPA][SD]?T|GMT|UTC)\b|\/|undefined/);
      }
    },
  );

  it('is the offset for a zone of no place', () => {
    for (const language of languages) {
      const at = Temporal.ZonedDateTime.from('2026-12-03T09:30[Etc/GMT+5]');
      expect(textsIn(language).writeZone(at)).toMatch(/5/);
    }
  });

  it.each(languages)(
    'is in %s the local day, in European digits and the Gregorian year',
    (language) => {
      const late = Temporal.Instant.from('2026-12-31T23:30:00Z');
      expect(written(language, late, 'Europe/London')).toContain('2026');
      expect(written(language, late, 'Europe/Paris')).toContain('2027');
      expect(written(language, late, 'Europe/Paris')).not.toMatch(/[\u0660-\u0669\u06f0-\u06f9]/);
    },
  );
});

describe('a length of time', () => {
  it.each(languages)('is counted in words in %s', (language) => {
    const lengths = [1, 2, 3, 10, 11, 60, 75, 90, 120].map((minutes) =>
      writeDuration(textsIn(language), minutes),
    );
    expect(new Set(lengths).size).toBe(lengths.length);
    expect(lengths.join()).not.toMatch(/[\u0660-\u0669\u06f0-\u06f9]/);
  });

  it('has the Arabic two, and fits the sentence around it', () => {
    expect(writeDuration(textsIn('ar'), 2)).toBe('دقيقتان');
    expect(writeDuration(textsIn('ar'), 10)).toBe('10 دقائق');
    const { closesIn } = textsIn('ar').details;
    expect(closesIn(writeDuration(textsIn('ar'), 2))).toMatch(/: دقيقتان\.$/);
  });
});

describe('a day within a sentence', () => {
  const dayIn = (language: Language, day: number) =>
    writeDay(textsIn(language), new Temporal.PlainDate(2026, 12, day));

  it('is written as people write it, the first of a month too', () => {
    const of = ['fr', 'en', 'de', 'es', 'it', 'nl'] as const;
    expect(of.map((language) => dayIn(language, 1))).toEqual([
      '1er décembre 2026',
      '1 December 2026',
      '1. Dezember 2026',
      '1 de diciembre de 2026',
      '1º dicembre 2026',
      '1 december 2026',
    ]);
    for (const language of of) {
      expect(dayIn(language, 11)).toMatch(/^11/);
      expect(dayIn(language, 12)).toMatch(/^12/);
    }
  });

  it('has the article that goes with it in Italian', () => {
    const { stoppedSince, keptUntil, passkeys } = rightsTextsIn('it');
    for (const [day, words] of [
      [1, 'il 1º dicembre'],
      [8, 'l’8 dicembre'],
      [11, 'l’11 dicembre'],
      [18, 'il 18 dicembre'],
    ] as const) {
      const date = dayIn('it', day);
      const one = passkeys.one({ tag: 'K7QX', madeOn: date, usedOn: date });
      for (const text of [stoppedSince(date), keptUntil(date), one]) expect(text).toContain(words);
    }
  });
});
