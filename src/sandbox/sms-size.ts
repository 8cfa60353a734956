import { SegmentedMessage } from 'sms-segments-calculator';

export interface SmsSize {
  readonly length: number;
  readonly segments: number;
  readonly encoding: 'GSM-7' | 'UCS-2';
  /** The characters that are not in GSM-7 and so made the text UCS-2, each once. */
  readonly beyondGsm: readonly string[];
}

/** How a text travels as SMS, counted as Twilio counts it. */
export function sizeOfSms(text: string): SmsSize {
  const message = new SegmentedMessage(text);
  return {
    length: message.numberOfCharacters,
    segments: message.segmentsCount,
    encoding: message.encodingName,
    beyondGsm: [...new Set(message.getNonGsmCharacters())],
  };
}
