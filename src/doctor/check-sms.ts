import type { Config } from '../../config/env.ts';
import {
  type InboundWebhook,
  inspectTwilio,
  type TwilioFault,
  type TwilioSender,
  type TwilioView,
} from '../transport/sms-twilio-inspect.ts';
import { clockFinding } from './check-clock.ts';
import { type Finding, fine, problem, warning } from './finding.ts';

const timeoutMs = 5_000;
/** The Date of an answer is cut to the second, and the answer took its time. */
const coarseMs = 1_500;
const inConsole = "in Twilio's console";

/**
 * The account at the SMS provider.
 *
 * @param isInboundAddress whether this is where the api takes what people answer; undefined without
 *   the callback key
 */
export async function checkSms(
  config: Config,
  deps: { nowMs: () => number; isInboundAddress: ((url: URL) => boolean) | undefined },
): Promise<Finding[]> {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken } = config;
  const key = checkSendKey(config);
  if (!accountSid || !authToken) {
    const ill = {
      text: 'Without TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN the account cannot be looked at.',
      mend: "Look once more with worker's variables.",
    };
    return [...key, warning('sms_unknown', ill)];
  }
  const view = await inspectTwilio({
    accountSid,
    authToken,
    from: config.TWILIO_FROM,
    messagingServiceSid: config.TWILIO_MESSAGING_SERVICE_SID,
    baseUrl: config.TWILIO_BASE_URL,
    timeoutMs,
    nowMs: deps.nowMs,
  });
  return [...checkAccount(view), ...checkSender(view, config, deps), ...key, ...checkClock(view)];
}

function checkAccount({ account }: TwilioView): Finding[] {
  if (account === 'active') return [fine('sms_account', 'The Twilio account is active.')];
  if (typeof account === 'string') {
    const text = `The Twilio account is ${account}: nothing is sent.`;
    return [problem('sms_account', { text, mend: `See why, ${inConsole}; it may be a bill.` })];
  }
  if (account.kind === 'no_answer') {
    const ill = {
      text: 'Twilio does not answer.',
      mend: 'See whether HTTPS gets out from here, and status.twilio.com; correct TWILIO_BASE_URL if set.',
    };
    return [problem('sms_provider', ill)];
  }
  if (account.status === 401 || [20003, 20004, 20006, 20404].includes(account.code ?? 0)) {
    const ill = {
      text: `Twilio refuses the account or its token${codeOf(account)}.`,
      mend: `Correct TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN; the token stands ${inConsole}.`,
    };
    return [problem('sms_account', ill)];
  }
  if ([20005, 90010].includes(account.code ?? 0)) {
    const text = `The Twilio account is not active${codeOf(account)}: nothing is sent.`;
    return [problem('sms_account', { text, mend: `See why, ${inConsole}; it may be a bill.` })];
  }
  const text = `Twilio does not tell about the account (HTTP ${account.status}${codeOf(account, ', ')}).`;
  return [
    problem('sms_provider', { text, mend: 'Look up the code at twilio.com/docs/api/errors.' }),
  ];
}

function codeOf(fault: TwilioFault, before = ' '): string {
  if (fault.kind !== 'refused' || fault.code === undefined) return '';
  return before === ' ' ? ` (code ${fault.code})` : `${before}code ${fault.code}`;
}

function checkSender(
  { sender }: TwilioView,
  config: Config,
  deps: { isInboundAddress: ((url: URL) => boolean) | undefined },
): Finding[] {
  if (!sender) return [];
  const name = config.TWILIO_MESSAGING_SERVICE_SID ? 'TWILIO_MESSAGING_SERVICE_SID' : 'TWILIO_FROM';
  const missing = {
    text: `The account has no such sender as ${name} says.`,
    mend: `Correct ${name}, or buy the number in this very account.`,
  };
  switch (sender.kind) {
    case 'missing':
      return [problem('sms_sender', missing)];
    case 'no_answer':
      return [
        problem('sms_provider', {
          text: 'Twilio does not answer about the sender.',
          mend: 'Look once more in a minute.',
        }),
      ];
    case 'refused':
      if (sender.status === 404) return [problem('sms_sender', missing)];
      return [
        problem('sms_sender', {
          text: `Twilio does not tell about the sender${codeOf(sender)}.`,
          mend: 'Look up the code at twilio.com/docs/api/errors.',
        }),
      ];
    case 'name':
      return [
        fine('sms_sender', 'Messages come from a name, which is registered nowhere.'),
        ...checkReplies(config, undefined, deps),
      ];
    default:
      return [senderFinding(sender), ...checkReplies(config, sender, deps)];
  }
}

type Receiver = Extract<TwilioSender, { kind: 'number' | 'service' }>;

function senderFinding(sender: Receiver): Finding {
  if (sender.kind === 'service' || sender.sendsSms) {
    return fine('sms_sender', 'The sender is there.');
  }
  return problem('sms_sender', {
    text: 'The number of TWILIO_FROM cannot send SMS.',
    mend: `Choose one that can, ${inConsole}.`,
  });
}

function checkReplies(
  { SMS_OPT_OUT }: Config,
  sender: Receiver | undefined,
  { isInboundAddress }: { isInboundAddress: ((url: URL) => boolean) | undefined },
): Finding[] {
  if (SMS_OPT_OUT !== 'reply') return [];
  if (!sender) {
    return [
      problem('sms_replies', {
        text: 'Messages say that one may answer STOP (SMS_OPT_OUT=reply), and a name cannot receive.',
        mend: 'Set SMS_OPT_OUT=none, or send from a number.',
      }),
    ];
  }
  if (!sender.inbound) {
    return [
      warning('sms_replies', {
        text: 'The messaging service leaves answers to each of its numbers, which were not looked at.',
        mend: 'Let the service itself send them to the first address of sotto callbacks.',
      }),
    ];
  }
  if (!isInboundAddress) {
    return [
      warning('sms_replies', {
        text: 'Whether answers come to our address cannot be told: the callback key is not here.',
        mend: "Look once more with api's KEYSTORE.",
      }),
    ];
  }
  return [inboundFinding(sender.inbound, isInboundAddress)];
}

function inboundFinding(
  { url, method }: InboundWebhook,
  isInboundAddress: (url: URL) => boolean,
): Finding {
  const mend = `Enter the first address of sotto callbacks ${inConsole}, under "A message comes in", HTTP POST.`;
  const ill = (text: string) => problem('sms_replies', { text, mend });
  const address = url.reveal();
  if (address === '') return ill('What people answer goes nowhere: a STOP is not heard here.');
  if (!URL.canParse(address) || !isInboundAddress(new URL(address))) {
    return ill('What people answer goes to another address than ours: a STOP is not heard here.');
  }
  if (method !== 'POST') return ill('What people answer is sent by GET; ours takes POST.');
  return fine('sms_replies', 'What people answer comes to us.');
}

function checkSendKey({ TWILIO_SEND_KEY_SID, TWILIO_SEND_KEY_SECRET }: Config): Finding[] {
  if (TWILIO_SEND_KEY_SID && TWILIO_SEND_KEY_SECRET) {
    return [fine('sms_send_key', 'patient has a key of its own, for codes.')];
  }
  return [
    warning('sms_send_key', {
      text: 'patient has no key of its own: whoever took it over could read every number and link at Twilio.',
      mend: `Make a restricted key ${inConsole} that may create messages, for TWILIO_SEND_KEY_SID and TWILIO_SEND_KEY_SECRET.`,
    }),
  ];
}

function checkClock({ clock }: TwilioView): Finding[] {
  return clock ? [clockFinding('sms_clock', { ...clock, whose: 'Twilio', coarseMs })] : [];
}
