/** @see https://www.twilio.com/docs/api/errors */
const messages = {
  20003: [401, 'Authenticate'],
  20009: [409, 'Cannot delete this resource before it is complete'],
  20404: [404, 'The requested resource was not found'],
  20429: [429, 'Too Many Requests'],
  20500: [500, 'An internal server error has occurred'],
  21211: [400, "Invalid 'To' Phone Number"],
  21212: [400, "Invalid 'From' Phone Number"],
  21408: [400, "Permission to send an SMS has not been enabled for the region of the 'To' number"],
  21602: [400, 'Message body is required.'],
  21603: [400, "A 'From' phone number is required."],
  21604: [400, "A 'To' phone number is required."],
  21606: [400, "The 'From' phone number is not a valid, SMS-capable number for this account"],
  21609: [400, "Invalid 'StatusCallback' URL"],
  21610: [400, 'Attempt to send to unsubscribed recipient'],
  21611: [400, "This 'From' number has exceeded the maximum number of queued messages"],
  21612: [400, "The 'To' number is not currently reachable from this sender"],
  21614: [400, "'To' number is not a valid mobile number"],
  21617: [400, 'The concatenated message body exceeds the 1600 character limit'],
  21701: [400, 'The Messaging Service does not exist'],
  30400: [400, 'Parameters are not valid'],
  90007: [400, 'Invalid validity period value'],
} as const satisfies Record<number, readonly [status: number, message: string]>;

export type TwilioErrorCode = keyof typeof messages;

/** An error as Twilio answers it: the HTTP status, and the body that carries it too. */
export function twilioError(code: TwilioErrorCode) {
  const [status, message] = messages[code];
  return {
    status,
    body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
  };
}
