import { describe, expect, it } from 'vitest';
import type { Language } from '../../src/domain/language.ts';
import { type AppointmentView, detailsPage } from '../../src/http/patient/views/details-page.ts';
import { textsIn } from '../../src/texts/catalogue.ts';
import { writeAppointmentTime, writeDuration } from '../../src/texts/written-appointment-time.ts';

const nb = '\u00a0';
const session = {
  form: 'F0rm-t0ken',
  leavePath: '/leave',
  moreTimePath: '/more-time',
  stopPath: '/stop',
  endsInMinutes: 10,
  extendable: true,
};
const least: AppointmentView = {
  state: 'booked',
  startsAt: Temporal.Instant.from('2026-12-03T09:30:00Z'),
  timeZone: 'Europe/Paris',
  practitioner: 'Dr Amélie Moreau',
};

function details(
  change: Partial<AppointmentView> = {},
  language: Language = 'en',
  controls: Partial<typeof session> = {},
): string {
  return detailsPage({
    language,
    appointment: { ...least, ...change },
    session: { ...session, ...controls },
  });
}

describe('the details', () => {
  it('say all that the booking system said', () => {
    const html = details({
      durationMinutes: 90,
      specialty: 'Cardiology',
      place: { name: 'Lindens', address: '12 Peace Street\nLyon' },
      instructions: 'Bring your card.\nEat nothing.',
      phone: '+33478123456',
      reason: 'Check-up',
      for: 'Léa',
    });
    expect(list(html)).toEqual([
      ['When', 'Thursday 3 December 2026 at 10:30 in the morning (France time)'],
      ['For', 'Léa'],
      ['With', 'Dr Amélie Moreau'],
      ['Specialty', 'Cardiology'],
      ['Where', 'Lindens\n12 Peace Street\nLyon'],
      ['How long', '1 hour, 30 minutes'],
      ['What to know before you come', 'Bring your card.\nEat nothing.'],
      ['Reason', 'Check-up'],
      ['Phone', '+33 4 78 12 34 56'],
    ]);
    expect(html).toContain('href="tel:+33478123456"');
    expect(html).toContain('<time datetime="2026-12-03T10:30+01:00">');
  });

  it('leave no empty line for what was not said', () => {
    expect(list(details({ place: {}, instructions: '' })).map(([label]) => label)).toEqual([
      'When',
      'With',
    ]);
  });

  it('show a phone that is no number as it came, without a link', () => {
    const html = details({ phone: 'ext. 12' });
    expect(list(html)).toContainEqual(['Phone', 'ext. 12']);
    expect(html).not.toContain('tel:');
  });

  it('say that the appointment moved, and where it moved to', () => {
    expect(details({ state: 'moved' })).toContain(
      'This appointment has moved. Here is the new time.',
    );
    expect(details({ state: 'moved' }, 'fr')).toContain('Ce rendez-vous a été déplacé.');
  });

  it('say that the appointment is cancelled, and no longer how to prepare', () => {
    const change = {
      state: 'cancelled',
      instructions: 'Eat nothing.',
      phone: '+33478123456',
    } as const;
    const html = details(change);
    expect(html).toContain('This appointment is cancelled. You do not need to come.');
    expect(html).toContain('It was planned for');
    expect(html).not.toContain('Eat nothing');
    expect(html).toContain('tel:');
    expect(details(change, 'fr')).toContain('Vous n’avez pas besoin de venir.');
  });

  it('say neither of an appointment that stands', () => {
    expect(details()).not.toMatch(/moved|cancelled/);
  });

  const payload = `<b onx="1">&'</b>`;
  const escaped = '&lt;b onx=&quot;1&quot;&gt;&amp;&#39;&lt;/b&gt;';
  it.each<[string, Partial<AppointmentView>]>([
    ['practitioner', { practitioner: payload }],
    ['specialty', { specialty: payload }],
    ['place.name', { place: { name: payload } }],
    ['place.address', { place: { address: payload } }],
    ['instructions', { instructions: payload }],
    ['phone', { phone: payload }],
    ['reason', { reason: payload }],
    ['for', { for: payload }],
  ])('show markup in %s as text', (_, change) => {
    const html = details(change);
    expect(html).toContain(escaped);
    expect(html).not.toContain(payload);
    expect(html).not.toContain('<b ');
  });
});

describe('the session', () => {
  it('can be left and made longer, by POST, and says when it ends', () => {
    const html = details();
    expect(html).toContain('<form method="post" action="/leave">');
    expect(html).toContain('<form method="post" action="/more-time">');
    expect(html).toContain('if you do nothing for 10 minutes.');
    expect(details({}, 'fr', { endsInMinutes: 1 })).toContain('pendant 1 minute.');
  });

  it('offers no more time when there is none', () => {
    const html = details({}, 'en', { extendable: false, endsInMinutes: 3 });
    expect(html).not.toContain('/more-time');
    expect(html).toContain('stops working in 3 minutes.');
  });
});

describe('times in words', () => {
  it.each<[Language, string, string, string]>([
    [
      'fr',
      '2026-12-03T09:30:00Z',
      'Europe/Paris',
      `Jeudi 3 décembre 2026 à 10${nb}h${nb}30 (heure${nb}: France)`,
    ],
    [
      'fr',
      '2026-12-01T08:05:00Z',
      'Europe/Paris',
      `Mardi 1er décembre 2026 à 9${nb}h${nb}05 (heure${nb}: France)`,
    ],
    [
      'fr',
      '2026-07-11T12:00:00Z',
      'Europe/Paris',
      `Samedi 11 juillet 2026 à 14${nb}h (heure${nb}: France)`,
    ],
    [
      'fr',
      '2026-12-03T09:30:00Z',
      'Indian/Reunion',
      `Jeudi 3 décembre 2026 à 13${nb}h${nb}30 (heure${nb}: La Réunion)`,
    ],
    [
      'en',
      '2026-07-11T11:00:00Z',
      'Europe/London',
      'Saturday 11 July 2026 at 12:00 noon (United Kingdom time)',
    ],
    [
      'en',
      '2026-12-03T15:00:00Z',
      'America/New_York',
      'Thursday 3 December 2026 at 10:00 in the morning (New York time)',
    ],
    [
      'en',
      '2026-12-03T18:30:00Z',
      'Europe/London',
      'Thursday 3 December 2026 at 6:30 in the evening (United Kingdom time)',
    ],
    [
      'en',
      '2026-12-02T23:30:00Z',
      'Europe/Paris',
      'Thursday 3 December 2026 at 00:30 (France time)',
    ],
  ])('in %s: %s in %s is %s', (language, instant, timeZone, words) => {
    const startsAt = Temporal.Instant.from(instant);
    const { date, time, zone } = writeAppointmentTime(textsIn(language), startsAt, timeZone);
    expect(`${date} ${time} (${zone})`).toBe(words);
  });

  it('count hours and minutes, and never say nothing', () => {
    expect(writeDuration(textsIn('fr'), 20)).toBe('20 minutes');
    expect(writeDuration(textsIn('fr'), 75)).toBe(`1${nb}heure et 15 minutes`);
    expect(writeDuration(textsIn('en'), 60)).toBe('1 hour');
    expect(writeDuration(textsIn('en'), 0)).toBe('1 minute');
  });
});

/** The lines of the list: label and text, tags left out. */
function list(html: string): [string, string][] {
  const rows = html.matchAll(/<div><dt>(.*?)<\/dt><dd[^>]*>([\s\S]*?)<\/dd><\/div>/g);
  return [...rows].map(([, label = '', text = '']) => [label, text.replace(/<[^>]*>/g, '')]);
}
