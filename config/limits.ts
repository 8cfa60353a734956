/** Every bound in one place, unit last. A limit that a user can meet is named in the docs. */
export const limits = {
  requestBytesMax: 64 * 1024,
  detailsBytesMax: 8 * 1024,
  bounceBytesMax: 256 * 1024,
  remindersPerAppointmentMax: 8,
  pageSizeMax: 200,
  pageSizeDefault: 50,

  batchSizeMax: 200,
  batchLeaseMs: 60_000,
  leaseMarginMs: 20_000,
  /** What one process may open for the queue, beside its own pool. */
  queueConnectionsMax: 4,
  /** What `ops` may open for its board of the queue. */
  boardConnectionsMax: 1,
  sendTimeoutMs: 15_000,
  attemptsMax: 8,
  /** How long Twilio's list may not show a message that it took: it says nothing of it, so long. */
  twilioLagMs: 10 * 60_000,
  /** How long the deletion of a provider's copy may be owed before somebody is told. */
  providerCopyOverdueMs: 60 * 60_000,
  parcelGraceMs: 60 * 60_000,
  /** How long a provider may be down before reminders go by the other channel. */
  heldUpPatienceMs: 2 * 60 * 60_000,

  acceptBatchMax: 100,
  acceptWaitingMax: 2_000,
  /** What would wait for longer to be stored is refused at once. */
  acceptWaitMaxMs: 2_000,
  lockTimeoutMs: 250,
  /** How long a connection to PostgreSQL may take to be made, or to come free. */
  connectTimeoutMs: 5_000,
  /** Each request to Vault. */
  vaultTimeoutMs: 3_000,
  /** A person who pressed twice waits for their own first press rather than be told of a problem. */
  eraseLockTimeoutMs: 5_000,

  keyHorizonDays: 400,
  epochKeyGraceDays: 2,

  preAuthenticationMinutes: 15,
  sessionIdleMinutes: 10,
  sessionTotalMinutes: 30,
  wrongPerSourceMax: 5,
  sourcePauseMinutes: 15,
  wrongPerFactorMax: 10,
  wrongPerBirthDateMax: 5,
  codeMinutes: 10,
  /** Within a day or so: their rows are deleted after it. */
  codesPerLinkMax: 3,
  codesPerPhoneDayMax: 6,
  codePauseS: 30,
  firstViewBytesMax: 14 * 1024,

  /** Of one person, at one organisation. */
  passkeysMax: 10,
  passkeyUnusedDaysMax: 400,
  /** From showing the button to what the phone answers. */
  passkeyQuestionMinutes: 10,
  /** From pressing the way to a portal to coming back from it. */
  portalLoginMinutes: 10,
  /** Each request to a provider, from the name to the last byte of the answer. */
  portalTimeoutMs: 5_000,
  portalAnswerBytesMax: 256 * 1024,
  /** How long what a provider says of itself is believed. */
  portalDescriptionMs: 10 * 60_000,

  opsSessionIdleMinutes: 30,
  opsSessionTotalMinutes: 12 * 60,

  webhookEndpointsMax: 5,
  webhookUrlCharactersMax: 2_000,
  /** From the name to the last byte of the answer. */
  webhookTimeoutMs: 5_000,
  webhookAnswerBytesMax: 64 * 1024,
  /** One process delivers to so many endpoints at a time, to each one event at a time. */
  webhooksAtOnce: 32,
  /** After this time or so many events an endpoint waits until the others had their turn. */
  webhookTurnMs: 5_000,
  webhookTurnEventsMax: 200,
  /** Well over a turn and the delivery that it ends with. */
  webhookLeaseMs: 30_000,
  webhookOverlapHoursDefault: 24,
  webhookOverlapHoursMax: 7 * 24,

  /** Reminders are asked about so long before they are due. */
  sendCheckAheadMs: 10_000,
  /** How long an answer holds: a reminder that is not taken up in time is asked about again. */
  sendCheckFreshMs: 30_000,
  /** How long an answer is waited for and asked for again, or half of the time that is left. */
  sendCheckGraceMs: 5 * 60_000,
  /** How long a reminder may be taken up that goes out without an answer. */
  sendCheckUnansweredFreshMs: 10 * 60_000,
  sendCheckAnswerBytesMax: 1024,
  /** One process asks so many booking systems at a time, each so much at a time. */
  sendChecksAtOnce: 32,
  sendCheckQuestionsAtOnce: 8,
  /** Of one lane, for as long as they wait to be taken up. */
  sendCheckAnswersMax: 100,
  sendCheckTurnMs: 5_000,
  /** How often it is seen to what waits for a booking system that is left alone. */
  sendCheckAloneMs: 5_000,
  /** Well over a turn and the question that it ends with. */
  sendCheckLeaseMs: 30_000,

  shutdownMs: 8_000,
} as const;
