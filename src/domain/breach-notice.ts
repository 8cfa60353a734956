import { type IncidentCode, incidentWords, notifyBy } from './incident.ts';

/** What the register knows of an incident, for one organisation or for all that it touched. */
export interface BreachFacts {
  readonly id: string;
  readonly code: IncidentCode;
  readonly since: Date;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  /** Left out where the notice is for one organisation: the reason may name another. */
  readonly closedReason: string | null;
  readonly appointmentCount: number;
  readonly organisations: readonly {
    readonly organisationId: string;
    readonly name: string;
    readonly toldAt: Date;
  }[];
  readonly alertedAt: Date | null;
}

/** A line that only people can write. */
const blank = (what: string) => `[FILL IN: ${what}]`;

/**
 * What a controller tells the supervisory authority, as far as it is known here: the fields of GDPR
 * article 33(3). What no program can know is a blank that says what belongs there. It names no person:
 * Sotto cannot tell who they are.
 *
 * @see GDPR article 33(3)(a) to (d), 33(4) (in phases), 33(5) (documentation)
 */
export function breachNotice(facts: BreachFacts) {
  const { what, consequences } = incidentWords[facts.code];
  const count = facts.appointmentCount;
  return {
    incident: facts.id,
    code: facts.code,
    mayHaveBegunAt: facts.since.toISOString(),
    knownSince: facts.openedAt.toISOString(),
    endedAt: facts.closedAt?.toISOString() ?? null,
    notifyAuthorityBy: notifyBy(facts.openedAt).toISOString(),
    organisations: facts.organisations.map(({ organisationId, name }) => ({
      id: organisationId,
      name,
    })),
    nature: {
      description: `${sentence(what)}.`,
      isPersonalDataBreach: blank(
        'whether this is a breach in the sense of article 4(12), and why',
      ),
      categoriesOfPersons: [
        'people who have an appointment',
        'people who receive a reminder for somebody else, such as parents and carers',
      ],
      approximateNumberOfPersons: `at most ${count}, one for each appointment: several may be of one person`,
      categoriesOfRecords: [
        'appointments: time, state and sealed details',
        'reminders of them: when and how they were sent',
      ],
      approximateNumberOfRecords: count,
    },
    contactPoint: blank(
      'name and contact details of the data protection officer or another contact',
    ),
    likelyConsequences: {
      description: consequences,
      forThesePersons: blank('what follows for these persons, and how severe it is'),
    },
    measures: {
      taken: measuresTaken(facts),
      proposed: blank('measures proposed, and those that mitigate what has happened'),
      personsTold: blank('whether the persons were told, article 34, and why or why not'),
    },
  };
}

export type BreachNotice = ReturnType<typeof breachNotice>;

function measuresTaken(facts: BreachFacts): string[] {
  const told = facts.organisations.map(({ toldAt }) => toldAt.getTime());
  return [
    `${facts.openedAt.toISOString()}: found by the system's own checks and entered in its register.`,
    ...(facts.alertedAt
      ? [`${facts.alertedAt.toISOString()}: the operator on call was woken.`]
      : []),
    ...(told.length > 0
      ? [
          `${new Date(Math.min(...told)).toISOString()}: the first of ${facts.organisations.length} affected organisations was told, with the references of its appointments; the last at ${new Date(Math.max(...told)).toISOString()}.`,
        ]
      : []),
    ...(facts.closedAt
      ? [
          `${facts.closedAt.toISOString()}: closed${facts.closedReason ? `: ${facts.closedReason}` : '.'}`,
        ]
      : []),
  ];
}

/** The same for reading and for pasting into an authority's form. */
export function breachNoticeText(notice: BreachNotice): string {
  const { nature, likelyConsequences, measures, organisations } = notice;
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join('\n');
  return `Incident ${notice.incident} (${notice.code})

May have begun:           ${notice.mayHaveBegunAt}
Known since:              ${notice.knownSince}
Ended:                    ${notice.endedAt ?? 'still open'}
Notify the authority by:  ${notice.notifyAuthorityBy} (72 hours, GDPR article 33(1))
Organisations:            ${organisations.length === 0 ? 'none found' : organisations.map(({ name, id }) => `${name} (${id})`).join(', ')}

(a) Nature of the breach
${nature.description}
${nature.isPersonalDataBreach}
Categories of persons:
${list(nature.categoriesOfPersons)}
Approximate number of persons: ${nature.approximateNumberOfPersons}
Categories of records:
${list(nature.categoriesOfRecords)}
Approximate number of records: ${nature.approximateNumberOfRecords}

(b) Contact point
${notice.contactPoint}

(c) Likely consequences
${likelyConsequences.description}
${likelyConsequences.forThesePersons}

(d) Measures taken or proposed
${list(measures.taken)}
${measures.proposed}
${measures.personsTold}
`;
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
