/** Everything that opens an incident. A code is for ever: runbooks, booking systems and the register name it. */
export const incidentCodes = [
  'canary_missing',
  'canary_different',
  'stored_differently',
  'field_drift',
  'ledger_broken',
  'reminders_late',
  'duty_silent',
  'restored_behind',
  'key_missing',
  'cannot_open',
  'leak_guard',
  'uncertain_unsettled',
  'copies_unexplained',
  'provider_copies_overdue',
  'audit_broken',
  'quota_exceeded',
] as const;
export type IncidentCode = (typeof incidentCodes)[number];

/** Counts by name, and nothing else: no ids, no words. */
export type IncidentFacts = Readonly<Record<string, number>>;

/** What a code says to people: on-call, operators, and whoever has to notify an authority. */
export interface IncidentWords {
  readonly what: string;
  /** What it may mean for the people whose appointments these are: GDPR article 33(3)(c). */
  readonly consequences: string;
}

const noReminder =
  'People may not have been reminded, or too late, and may miss an appointment that matters to them.';

export const incidentWords: Readonly<Record<IncidentCode, IncidentWords>> = {
  canary_missing: {
    what: 'a test appointment of our own did not come through the whole path',
    consequences: noReminder,
  },
  canary_different: {
    what: 'a test appointment of our own came back different from what was sent',
    consequences:
      'People may have been shown incomplete or wrong details of an appointment: a wrong place, time or instruction.',
  },
  stored_differently: {
    what: 'what was stored of an appointment was not what the booking system had sent',
    consequences:
      'Nothing was confirmed to the booking system, and nothing goes out for these appointments until they are sent again: people may not be reminded.',
  },
  field_drift: {
    what: 'a field of appointments is filled much less often than usual',
    consequences: 'People may have been shown incomplete details of an appointment.',
  },
  ledger_broken: {
    what: 'reminders are not in the state that their events lead to',
    consequences: `${noReminder} Some may have been reminded twice.`,
  },
  reminders_late: {
    what: 'reminders are due and have not gone out for more than ten minutes',
    consequences: noReminder,
  },
  duty_silent: {
    what: 'a duty that reminders depend on is done by nobody',
    consequences: noReminder,
  },
  restored_behind: {
    what: 'the database was brought back as it had been some time before',
    consequences: `What was accepted in between is lost until it is sent again. ${noReminder} Some may be reminded twice.`,
  },
  key_missing: {
    what: 'a key that appointments are sealed to is not there, so they are refused',
    consequences: `Appointments are refused at the door, and the booking system is told so each time. ${noReminder}`,
  },
  cannot_open: {
    what: 'what was sealed for a reminder does not open',
    consequences: `The sealed record was damaged, or is not that of its row. ${noReminder}`,
  },
  leak_guard: {
    what: 'a message was not the constant sentence and its link, and was not sent',
    consequences: `Nothing was disclosed: such a message is never handed over. ${noReminder}`,
  },
  uncertain_unsettled: {
    what: 'of some messages nobody knows whether they went out, and half of the time to find out is gone',
    consequences: `${noReminder} Some may have been reminded twice.`,
  },
  copies_unexplained: {
    what: 'a provider shows a message more often than it was handed over',
    consequences:
      'People may have got the same neutral message twice. It holds no detail of an appointment.',
  },
  provider_copies_overdue: {
    what: 'a provider keeps messages that it was to delete',
    consequences:
      'Phone numbers, each with a neutral sentence and a link that opens nothing by itself, are kept by the provider longer than agreed.',
  },
  audit_broken: {
    what: 'the record of what people and keys did is not what was written',
    consequences:
      'Somebody who can write to the database changed, removed or added lines of it. Whatever else they did there may not be recorded. No detail of an appointment opens by that.',
  },
  quota_exceeded: {
    what: 'a key was used for more appointments, reminders or phone numbers than it or its organisation may, and the rest is refused',
    consequences: `The key may be in the wrong hands: then strangers may have got neutral messages in the organisation's name, and it may be known which references it had. Otherwise appointments of patients are refused at the door, and the booking system is told so each time; of one that is called off meanwhile the patient gets no message. ${noReminder}`,
  },
};

const clockHours = 72;

/** Until when a controller has to notify the authority: GDPR article 33(1), counted from when it was found. */
export function notifyBy(openedAt: Date): Date {
  return new Date(openedAt.getTime() + clockHours * 3_600_000);
}

/** Where the guide for operators says what to do: each code has a heading of its own. */
export function runbookUrl(apiUrl: string, code: IncidentCode): string {
  return `${apiUrl}/docs/operations#${code}`;
}
