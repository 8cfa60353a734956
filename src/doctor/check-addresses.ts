import type { Config } from '../../config/env.ts';
import { type AddressAnswer, type AddressFault, askAddress } from './ask-address.ts';
import { type Check, counted, type Finding, fine, problem, warning } from './finding.ts';

const timeoutMs = 5_000;
const certificateDaysMin = 14;
const dayMs = 86_400_000;

interface PublicAddress {
  readonly variable: 'API_URL' | 'PATIENT_URL' | 'OPS_URL' | 'CALLBACK_URL';
  readonly check: Check;
  readonly role: string;
}

const addresses: readonly PublicAddress[] = [
  { variable: 'API_URL', check: 'api_address', role: 'api' },
  { variable: 'PATIENT_URL', check: 'patient_address', role: 'patient' },
  { variable: 'OPS_URL', check: 'ops_address', role: 'ops' },
  { variable: 'CALLBACK_URL', check: 'callback_address', role: 'api' },
];

/** The public addresses, as they answer to this machine; others may see them otherwise. */
export async function checkAddresses(config: Config, { nowMs }: { nowMs: () => number }) {
  const asked = addresses.filter(
    ({ variable }) => variable !== 'CALLBACK_URL' || config.CALLBACK_URL !== config.API_URL,
  );
  const [found, exposed] = await Promise.all([
    Promise.all(asked.map((address) => checkAddress(config[address.variable], address, nowMs))),
    checkExposed(config),
  ]);
  return [...found.flat(), ...exposed];
}

async function checkAddress(
  url: string,
  { variable, check, role }: PublicAddress,
  nowMs: () => number,
): Promise<Finding[]> {
  const answer = await askAddress(`${url}/livez`, { timeoutMs });
  if ('fault' in answer) {
    const { text, mend } = faults[answer.fault];
    const isCertificate = answer.fault === 'certificate';
    return [
      problem(isCertificate ? 'certificate' : check, {
        text: `${variable} ${url} ${text}.`,
        mend: mend.replace('ROLE', role),
      }),
    ];
  }
  if (!isAlive(answer)) {
    return [
      problem(check, {
        text: `Something other than ${role} answers at ${variable} ${url} (HTTP ${answer.status}).`,
        mend: `Lead that host to the port of ${role} in the reverse proxy, or correct ${variable}.`,
      }),
    ];
  }
  return [fine(check, `${variable} ${url} answers.`), ...checkCertificate(url, answer, nowMs)];
}

const faults: Record<AddressFault, { text: string; mend: string }> = {
  unknown_name: {
    text: 'is a name that leads nowhere',
    mend: 'Give it an A or AAAA record, or correct the variable.',
  },
  not_connected: {
    text: 'does not answer',
    mend: 'Start ROLE and the reverse proxy before it; is a firewall in between?',
  },
  certificate: {
    text: 'cannot prove over TLS who it is',
    mend: 'Renew the certificate of that host, with its whole chain and for that very name.',
  },
  timeout: {
    text: 'does not answer in time',
    mend: 'See whether ROLE runs and what the reverse proxy waits for; is a firewall in between?',
  },
};

/** What /livez of each role says. */
function isAlive({ status, body }: Exclude<AddressAnswer, { fault: AddressFault }>): boolean {
  return status === 200 && /^\s*\{\s*"status"\s*:\s*"(ok|alive)"\s*\}\s*$/.test(body);
}

function checkCertificate(
  url: string,
  { certificateEndsMs }: Exclude<AddressAnswer, { fault: AddressFault }>,
  nowMs: () => number,
): Finding[] {
  if (certificateEndsMs === undefined) return [];
  const days = Math.floor((certificateEndsMs - nowMs()) / dayMs);
  if (days >= certificateDaysMin) {
    return [fine('certificate', `The certificate of ${url} is good for ${counted(days, 'day')}.`)];
  }
  const ill = {
    text: `The certificate of ${url} ends in ${counted(Math.max(0, days), 'day')}.`,
    mend: 'Renew it, and see why that did not happen by itself.',
  };
  return [warning('certificate', ill)];
}

/** The pages of operators must not be found behind the host that is in every message. */
async function checkExposed(config: Config): Promise<Finding[]> {
  const ill = {
    text: 'The pages of operators can be reached through PATIENT_URL, the host that is in every message.',
    mend: 'Lead the patient host to patient alone in the reverse proxy, and give OPS_URL a host that is reached from inside.',
  };
  if (config.OPS_URL === config.PATIENT_URL) return [problem('ops_exposed', ill)];
  const answer = await askAddress(`${config.PATIENT_URL}/metrics`, { timeoutMs });
  // Where nothing answers, that is said of the address itself.
  if ('fault' in answer) return [];
  if (answer.status === 404) {
    return [fine('ops_exposed', 'The pages of operators are not behind PATIENT_URL.')];
  }
  const isOurs = [200, 401, 403].includes(answer.status);
  return isOurs ? [problem('ops_exposed', ill)] : [];
}
