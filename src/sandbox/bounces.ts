import type { AcceptedMail } from './accepted.ts';
import type { readCallbackAddresses } from './callback-addresses.ts';
import { writeBounce } from './delivery-status.ts';
import type { EmailFaults, FaultControl } from './faults.ts';
import { mailFateOf } from './magic-addresses.ts';
import type { MessageStore } from './message-store.ts';
import type { Poster } from './poster.ts';
import { lateMs } from './status-callbacks.ts';

/** When the copies of a bounce arrive, in milliseconds after the mail was accepted. */
export function planBounces(
  mode: EmailFaults['bounces'],
  doubled: boolean,
  stepMs: number,
): readonly number[] {
  if (doubled || mode === 'doubled') return [stepMs, 2 * stepMs];
  if (mode === 'lost') return [];
  return [mode === 'late' ? stepMs + lateMs : stepMs];
}

/**
 * Sends back what comes back for accepted mails, to the address that the administrator of a mail
 * system would have piped the return path to. What was still owed when the sandbox stopped goes out
 * after the next start.
 */
export function createBounces(deps: {
  store: MessageStore;
  faults: FaultControl;
  poster: Poster;
  addresses: () => ReturnType<typeof readCallbackAddresses>;
  mayCall: (url: URL) => boolean;
  stepMs: number;
}) {
  const { store, poster } = deps;

  function follow(mail: AcceptedMail): void {
    const { bounce } = mail;
    if (bounce?.state !== 'owed') return;
    const fate = mailFateOf(mail.to);
    const doubled = fate?.kind === 'bounced' && fate.doubled === true;
    const times = planBounces(deps.faults.nextBounceMode(), doubled, deps.stepMs);
    const message = writeBounce(mail, bounce, new Date());
    let owed = times.length;
    let told = false;
    const settled = (arrived: boolean) => {
      owed -= 1;
      told ||= arrived;
      if (owed > 0) return;
      store.changeMail(mail.id, { bounce: { ...bounce, state: told ? 'told' : 'untold' } });
    };
    if (owed === 0) settled(false);
    for (const afterMs of times) {
      poster.later(afterMs, () => void poster.post(() => asPost(message), { settled }));
    }
  }

  function asPost(message: string) {
    const url = deps.addresses()?.bounceUrl;
    if (url === undefined || !deps.mayCall(new URL(url))) return undefined;
    return { url, body: message, headers: { 'Content-Type': 'message/rfc822' } };
  }

  for (const mail of store.mails()) follow(mail);

  return { follow };
}
