/** A small loss in the code, of the kind that nobody notices: one field, or one branch that is rare. */
export interface Mutation {
  readonly loses: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly text: string;
  readonly becomes: string;
}

const details = 'src/http/patient/views/details-page.ts';
const put = 'src/usecases/put-appointment.ts';
const sealed = 'src/usecases/seal-appointment.ts';
const changes = 'src/store/appointment-changes.ts';
const decision = 'src/domain/put-decision.ts';
const request = 'src/usecases/check-request.ts';

/** What is put in stands in the way of what is sealed, as a new version of an old field might. */
const sealsWithout = (loses: string, body: string): Mutation => ({
  loses,
  file: put,
  text: 'prepareContent(body.reveal());',
  becomes: `prepareContent(${body});`,
});
const withoutDetail = (name: string) =>
  sealsWithout(
    `details.${name}, on its way to the seal`,
    `{ ...body.reveal(), details: (({ ${name}: _, ...rest }) => rest)(body.reveal().details) } as AppointmentRequest`,
  );
const withoutOfRecipient = (name: string) =>
  sealsWithout(
    `recipient.${name}, on its way to the seal`,
    `{ ...body.reveal(), recipient: (({ ${name}: _, ...rest }) => rest)(body.reveal().recipient) } as AppointmentRequest`,
  );
const pageWithout = (name: string, text: string): Mutation => ({
  loses: `details.${name}, on the page`,
  file: details,
  text,
  becomes: "''",
});

export const mutations: readonly Mutation[] = [
  withoutDetail('specialty'),
  withoutDetail('place'),
  withoutDetail('instructions'),
  withoutDetail('phone'),
  withoutDetail('reason'),
  withoutDetail('for'),
  withoutOfRecipient('pin'),
  withoutOfRecipient('birthDate'),
  withoutOfRecipient('language'),
  sealsWithout(
    'durationMinutes, on its way to the seal',
    '(({ durationMinutes: _, ...rest }) => rest)(body.reveal()) as AppointmentRequest',
  ),
  sealsWithout(
    'details.place.name where there is an address',
    '(({ details: { place, ...rest }, ...whole }) => ({ ...whole, details: place?.address ? { ...rest, place: { address: place.address } } : place ? { ...rest, place } : rest }))(body.reveal()) as AppointmentRequest',
  ),
  sealsWithout(
    'details.place.address where there is no name',
    '(({ details: { place, ...rest }, ...whole }) => ({ ...whole, details: place?.name ? { ...rest, place } : rest }))(body.reveal()) as AppointmentRequest',
  ),
  {
    loses: 'lines after the first, in what is sealed',
    file: 'src/keys/prepare-content.ts',
    text: 'Buffer.from(JSON.stringify(body))',
    becomes: "Buffer.from(JSON.stringify(body).replace(/\\\\n[^\"]*/g, ''))",
  },
  {
    loses: 'the last byte of what is stored',
    file: 'src/store/appointment-writes.ts',
    text: 'content: sealed.content,',
    becomes: 'content: sealed.content.subarray(0, -1),',
  },
  pageWithout('for', 'row(texts.details.for, appointment.for)'),
  pageWithout('reason', 'row(texts.details.reason, appointment.reason)'),
  {
    loses: 'details.place.address, on the page',
    file: details,
    text: "[place?.name, place?.address].filter(Boolean).join('\\n')",
    becomes: '[place?.name].filter(Boolean).join()',
  },
  {
    loses: 'that it moved',
    file: changes,
    text: 'versions.map(({ decision }) => decision.moved),',
    becomes: 'versions.map(() => false),',
  },
  {
    loses: 'the new time of a move',
    file: changes,
    text: 'moved = u.moved, starts_at = u.starts_at, ends_at',
    becomes: 'moved = u.moved, ends_at',
  },
  {
    loses: 'the notice of a move',
    file: decision,
    text: 'due: stranded || (changed && told.length > 0)',
    becomes: 'due: stranded',
  },
  {
    loses: 'that it is cancelled, where the page is told by its status',
    file: 'src/usecases/show-details.ts',
    text: "const cancelled = state === 'cancelled' || status === 'cancelled';",
    becomes: 'const cancelled = false;',
  },
  {
    loses: 'a cancellation of what is still owed',
    file: decision,
    text: 'const going = reminders.filter((reminder) => !kept(reminder));',
    becomes: 'const going = cancelling ? [] : reminders.filter((reminder) => !kept(reminder));',
  },
  {
    loses: 'a deletion of what is still owed',
    file: 'src/usecases/delete-appointment.ts',
    text: 'await endReminders(connection, [{ decision }]);\n  await dropLinks(connection, decision.droppedLinkIds);',
    becomes: '',
  },
  {
    loses: 'the key to a new version for links that went out',
    file: sealed,
    text: '...decision.shownLinks.map((link) => sealKeyFor(link.id, Buffer.from(link.sealPublicKey))),',
    becomes: '',
  },
  {
    loses: 'the revoking of links that a new message replaces',
    file: 'src/domain/put-links.ts',
    text: 'const revoked = asksForNew(wanted) ? attempted.filter((link) => !link.revoked) : [];',
    becomes: 'const revoked: typeof attempted = [];',
  },
  {
    loses: 'the language that the patient reads',
    file: sealed,
    text: 'contactPoint, channel, language: request.language };',
    becomes: "contactPoint, channel, language: 'fr' as const };",
  },
  {
    loses: 'the regions of languages',
    file: 'src/domain/language.ts',
    text: "const primary = tag?.split('-', 1)[0]?.toLowerCase();",
    becomes: 'const primary = tag?.toLowerCase();',
  },
  {
    loses: 'reminders before the last, where there are several',
    file: request,
    text: 'const wanted = request.reminders ?? fittingPlan(organisation.reminderPlan, reachability);',
    becomes:
      'const wanted = request.reminders ?? fittingPlan(organisation.reminderPlan, reachability).slice(-1);',
  },
  {
    loses: 'quiet hours',
    file: 'src/domain/schedule.ts',
    text: 'if (elapsedMs(quiet.ends, notAfter) >= enoughLeftMs) return quiet.ends;',
    becomes: 'if (elapsedMs(quiet.ends, notAfter) >= enoughLeftMs) return resolvedAt;',
  },
  {
    loses: 'hours of a reminder that is days and hours before',
    file: 'src/domain/before.ts',
    text: 'hours: Math.floor(elapsed / 3600),',
    becomes: 'hours: days > 0 ? 0 : Math.floor(elapsed / 3600),',
  },
  {
    loses: 'the first channel of auto',
    file: decision,
    text: "return usable.includes('email') ? 'email' : 'sms';",
    becomes: "return usable.includes('sms') ? 'sms' : 'email';",
  },
  {
    loses: 'codes, where the birth date was typed',
    file: 'src/domain/factor.ts',
    text: "if (factor === 'code') return birthDateProved || !offered.includes('birth_date');",
    becomes: "if (factor === 'code') return !offered.includes('birth_date');",
  },
  {
    loses: 'what a birth date must not open',
    file: 'src/domain/tiers.ts',
    text: 'return birthDateOpensAll ? 2 : 1;',
    becomes: 'return 2;',
  },
  {
    loses: 'the refusal of an older revision',
    file: decision,
    text: "return wanted < stored || (strictlyAbove && wanted === stored) ? 'stale_revision' : undefined;",
    becomes: "return strictlyAbove && wanted === stored ? 'stale_revision' : undefined;",
  },
  {
    loses: 'a number that is written with spaces',
    file: 'src/domain/contact-point.ts',
    text: "phone.replace(/\\D/g, '')",
    becomes: 'phone.slice(1)',
  },
  {
    loses: 'the end of a session',
    file: 'src/http/patient/details-routes.ts',
    text: '    visits.end(request, reply);\n',
    becomes: '',
  },
  {
    loses: 'delivery receipts of emails',
    file: 'src/transport/sink.ts',
    text: "  if (fate.kind !== 'delivered') return [];",
    becomes: "  if (fate.kind !== 'delivered' || message.channel === 'email') return [];",
  },
];
