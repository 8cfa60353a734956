import type { ErrorCode, FieldErrorCode } from '../../../domain/errors.ts';

interface ProblemText {
  readonly meaning: string;
  readonly remedy: string;
}

/** What each problem means and what to do about it, for whoever meets it. */
export const problemTexts: Record<ErrorCode, ProblemText> = {
  malformed_request: {
    meaning:
      'The request is not what it says it is: no JSON, a name given twice in one object, bytes that are no UTF-8, half a surrogate pair, or an address with a broken escape.',
    remedy: 'Send one JSON object in UTF-8. The same request will be refused again.',
  },
  unauthenticated: {
    meaning:
      'There is no key or signature in the request, or it is unknown, expired, revoked, or not good from the address that you come from. Which of these is not told.',
    remedy:
      'Send Authorization: Bearer and the key, or a request signed with your registered key. If it did work before, ask whoever made it for a new one.',
  },
  token_refused: {
    meaning:
      'The request was signed with your registered key, and something in what was signed is missing, is of another request, or is not good at this time. Pointers name the claims.',
    remedy:
      'Sign each request by itself, just before it leaves: exp at most 300 seconds after iat, aud the address of the API, method and path as sent, body the SHA-256 of the very bytes. At /iat or /exp, look at the clock of your machine: 30 seconds are forgiven.',
  },
  token_replayed: {
    meaning:
      'A request with this jti was let in before. Whether it was yours, repeated, or somebody else’s copy of it, is not known here.',
    remedy:
      'Sign again, with a new jti, also for a request that you repeat. If you did not repeat any, somebody reads what you send: have the key revoked.',
  },
  forbidden: {
    meaning:
      'The key is good but lacks the scope for this, or Sotto-Organisation names an organisation that it may not act for.',
    remedy: 'Ask for a key with the scope that the route names.',
  },
  not_found: {
    meaning:
      'There is nothing here. An appointment of another organisation, or of the other mode, answers exactly the same.',
    remedy: 'Check the reference, and whether the key is for test or live.',
  },
  method_not_allowed: {
    meaning: 'The address exists and does not take this method.',
    remedy: 'Use one of those that the Allow header names.',
  },
  request_timeout: {
    meaning:
      'Its headers were not there within 15 seconds, or its body within 20. The connection is closed. Nothing was accepted.',
    remedy: 'Send the same request again; nothing is wrong with it.',
  },
  stale_revision: {
    meaning:
      'A higher revision of this appointment is stored, or the revision is not above that of the deleted one. Nothing was changed.',
    remedy: 'Read the appointment from your own records again and send its newest revision.',
  },
  revision_required: {
    meaning:
      'This appointment was put with a revision before, so a request without one is refused.',
    remedy: 'Send the revision with every PUT of this appointment.',
  },
  cursor_too_old: {
    meaning:
      'Between this cursor and the oldest event that is kept there were others, which were dropped when their time was over. Going on from here would leave them out without a word.',
    remedy:
      'Read the states of your appointments (GET /v1/appointments), then go on without a cursor: that begins with the oldest event that is kept. An endpoint for webhooks goes on after a replay of null or of a newer cursor.',
  },
  payload_too_large: {
    meaning:
      'The body is over 64 KiB (callbacks: 16 KiB, returned mail: 256 KiB), or the headers are too long.',
    remedy: 'Send less: details are for the patient to read, 8 KiB in all.',
  },
  unsupported_media_type: {
    meaning: 'The body is not declared as JSON.',
    remedy: 'Send Content-Type: application/json.',
  },
  invalid_request: {
    meaning:
      'The request was read, and some of it is not acceptable. Each fault is listed with a JSON Pointer (RFC 6901) into the body, or with / and the name of a query parameter; an empty pointer is the body or the reference as a whole. Nothing was stored.',
    remedy: 'Correct what the field codes say. All faults of one kind are listed at once.',
  },
  rate_limited: {
    meaning: 'This key has used up its requests of the minute.',
    remedy:
      'Wait for as many seconds as Retry-After says. RateLimit in every answer tells what is left.',
  },
  quota_exceeded: {
    meaning:
      'This key, or the organisation’s keys together, had as many appointments, reminders or phone numbers accepted as they may in this hour or UTC day. Nothing of this request was accepted, and the operators were told: a key that reaches a ceiling may be in the wrong hands.',
    remedy:
      'Send the same PUT again after Retry-After, or have the ceiling raised by whoever runs the service. A DELETE is never refused so, nor is the first cancellation of what was booked.',
  },
  internal: {
    meaning:
      'Something failed on our side that nobody foresaw. Whether this was accepted before that is not told here.',
    remedy:
      'Send the same request again later; a PUT and a DELETE may be repeated as often as needed.',
  },
  not_stored: {
    meaning:
      'What was read back after storing is not what was sent. The reminders of this appointment are paused and the operators were alerted.',
    remedy: 'Send the same PUT again. If it goes on, tell the operators the reference.',
  },
  busy: {
    meaning: 'This appointment is being changed by another request at this moment.',
    remedy: 'Send the same request again after Retry-After.',
  },
  overloaded: {
    meaning:
      'Nothing was accepted, for it could not have been kept. With no errors listed, more comes in than can be stored at the moment. With channel_behind at /reminders or /notice, what this PUT would have sent within the hour would have come too late: the channel is behind.',
    remedy:
      'Send the same PUT again after Retry-After. If the appointment is near, do not wait: call the patient, or leave out what is named, as with "notice": "none", and the rest is accepted. A DELETE is never refused so, nor a PUT of status cancelled that is refused for a channel.',
  },
  restoring: {
    meaning:
      'The database server was started anew, or put back to a backup, and it is not yet known whether something is missing. What was accepted now might be undone. It takes a second or two, after a backup was put back a minute or more. Nothing was accepted.',
    remedy: 'Send the same request again after Retry-After. A DELETE is taken meanwhile.',
  },
  key_missing: {
    meaning:
      'The key to seal this with is not published yet, as in the first seconds of an organisation, or the key that signs receipts cannot be had. Nothing was accepted, and nothing erased.',
    remedy: 'Send the same request again after Retry-After.',
  },
  unavailable: {
    meaning:
      'The database is away or too slow. If it went away at the last moment, this was accepted all the same.',
    remedy:
      'Send the same request again after Retry-After, with growing pauses; repeating a PUT or a DELETE does no harm.',
  },
};

/** What each field code means; the code is the contract, the sentence may change. */
export const fieldTexts: Record<FieldErrorCode, string> = {
  required: 'The field is missing.',
  unknown_field: 'There is no such field. It is refused rather than dropped.',
  read_only:
    'It is told and cannot be set here; a ceiling cannot be raised, nor a country added. Leave it out, or send what was told.',
  invalid_type: 'Another JSON type is wanted; null counts as a wrong type.',
  invalid_value: 'Not one of the values, or outside the range.',
  too_long: 'More characters than allowed.',
  too_short: 'Empty, or nothing but spaces.',
  too_many: 'More entries than allowed.',
  control_character:
    'A control character; instructions and place.address may hold \\n and nothing else of the kind.',
  invalid_reference:
    'The reference in the address must be 1 to 128 characters of A-Z a-z 0-9 . _ : -',
  invalid_start: 'Not a date and time of RFC 3339, or a day that does not exist.',
  offset_mismatch: 'The offset is not the one that timeZone has at that time.',
  start_ambiguous: 'This local time happens twice that day; send the offset.',
  start_nonexistent: 'The clock skips this local time that day.',
  start_in_past: 'The start has passed.',
  unknown_time_zone: 'Not an IANA time zone name.',
  too_far_ahead:
    'Further ahead than the organisation accepts, at most 400 days; of a plan: so long before the start that it could never be in time.',
  invalid_before: 'Not an ISO 8601 duration of whole units from PT5M to P400D.',
  duplicate_reminder: 'Two reminders with the same channel and the same time before the start.',
  channel_unavailable: 'This deployment does not send on this channel.',
  channel_behind:
    'It would have come too late on this channel, which is behind. Repeat it, or leave it out and call the patient.',
  no_contact_point:
    'There is no phone or email, or not the one that the channel needs; at /recipient, nothing that the organisation’s plan could use.',
  no_usable_factor:
    'Behind a link on this channel the patient could not prove who they are, as the organisation’s proofPolicy wants it: send a PIN.',
  invalid_phone: 'Not a phone number in international form, such as +33639980001.',
  unreachable_phone: 'The number cannot receive SMS.',
  country_not_allowed:
    'The number is of a country that the organisation sends nothing to; see countries in its settings.',
  reserved_number: 'The number belongs to nobody; it is accepted in test mode.',
  reserved_address: 'The domain is kept for examples; it is accepted in test mode.',
  invalid_email: 'Not an email address that mail servers everywhere take.',
  invalid_birth_date: 'Not a day in the form YYYY-MM-DD, or not one that someone can be born on.',
  invalid_pin: 'Not 6 to 8 digits.',
  trivial_pin: 'Among the first that anyone would try; draw another.',
  invalid_subject:
    'Not 1 to 255 printable characters of ASCII without a space, or the phone or the email itself.',
  details_too_large: 'details take more than 8 KiB of JSON.',
  invalid_url:
    'Not https on port 443 or 8443, or with a user, a password, a fragment or letters beyond ASCII.',
  private_address: 'It leads to this machine, or to a network that is not the public internet.',
};
