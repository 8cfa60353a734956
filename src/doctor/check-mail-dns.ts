import type { KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Config } from '../../config/env.ts';
import { Secret } from '../domain/secret.ts';
import { type DkimFault, dkimRecordFault, rsaKeyFrom } from '../transport/dkim-record.ts';
import { type Finding, fine, problem, warning } from './finding.ts';

/** What a resolver of `node:dns/promises` can do. */
export interface NameServer {
  resolveTxt(name: string): Promise<string[][]>;
  resolveMx(name: string): Promise<{ exchange: string }[]>;
}

type MailConfig = Pick<
  Config,
  'MAIL_FROM' | 'MAIL_RETURN_PATH' | 'DKIM_DOMAIN' | 'DKIM_SELECTOR' | 'DKIM_KEY_FILE'
>;

/** No record of a name is an answer; anything else means that nobody could be asked. */
class NobodyToAsk extends Error {}

/** The records that let others believe our emails and return them; what they say is not shown. */
export async function checkMailDns(dns: NameServer, config: MailConfig): Promise<Finding[]> {
  const from = domainOf(config.MAIL_FROM);
  if (!from) return [];
  const returnPath = domainOf(config.MAIL_RETURN_PATH) ?? from;
  const dkim = dkimSettings(config);
  const key = dkim && (await readKey(dkim.file));
  const asked = await Promise.allSettled([
    checkSpf(dns, returnPath),
    dkim && checkDkimRecord(dns, dkim.name, key?.privateKey),
    checkDmarc(dns, from),
    checkMx(dns, { returnPath, from }),
  ]);
  const found = [
    ...(dkim ? checkAlignment(dkim.domain, from) : [fine('dkim', unsigned)]),
    ...(key ? [key.finding] : []),
    ...asked.flatMap((each) => {
      if (each.status === 'fulfilled') return each.value ?? [];
      if (each.reason instanceof NobodyToAsk) return [];
      throw each.reason;
    }),
  ];
  if (asked.every(({ status }) => status === 'fulfilled')) return found;
  return [
    ...found,
    warning('dns', {
      text: 'No name server answers: not all DNS records of the mail domains could be looked at.',
      mend: 'See /etc/resolv.conf, and whether UDP and TCP port 53 get out from here.',
    }),
  ];
}

async function checkSpf(dns: NameServer, domain: string): Promise<Finding[]> {
  const records = (await txtOf(dns, domain)).filter((text) => /^v=spf1(\s|$)/i.test(text));
  if (records.length === 1) {
    if (!/\s\+?all\s*$/i.test(records[0] ?? '')) {
      return [fine('spf', `${domain} says which servers send for it (SPF).`)];
    }
    return [
      problem('spf', {
        text: `The SPF record of ${domain} lets every server of the world send for it.`,
        mend: 'End it with -all, after the servers that do send.',
      }),
    ];
  }
  return [
    problem('spf', {
      text:
        records.length === 0
          ? `${domain} does not say which servers send for it: it has no SPF record.`
          : `${domain} has ${records.length} SPF records, of which others believe none.`,
      mend: `One TXT record at ${domain}: v=spf1 ip4:ADDRESS -all, with the address of the mail server.`,
    }),
  ];
}

const unsigned = 'DKIM is unset here: the mail server must sign, which cannot be seen from here.';

function dkimSettings(config: MailConfig) {
  const { DKIM_DOMAIN: domain, DKIM_SELECTOR: selector, DKIM_KEY_FILE: file } = config;
  return domain && selector && file
    ? { domain, file, name: `${selector}._domainkey.${domain}` }
    : undefined;
}

const dkimFaults: Record<DkimFault, string> = {
  no_key_published: 'publishes no key',
  revoked: 'says that the key is revoked',
  other_key: 'publishes another key than that of DKIM_KEY_FILE',
};

async function checkDkimRecord(
  dns: NameServer,
  name: string,
  privateKey: KeyObject | undefined,
): Promise<Finding[]> {
  const mend = `TXT record at ${name}: v=DKIM1; k=rsa; p=…, as docs/operations.md, "Email", shows.`;
  const [record] = await txtOf(dns, name);
  if (record === undefined) {
    const text = `There is no DKIM record at ${name}: others cannot check our signature.`;
    return [problem('dkim', { text, mend })];
  }
  if (!privateKey) return [];
  const fault = dkimRecordFault(privateKey, record);
  if (!fault) return [fine('dkim', `The DKIM record at ${name} is that of our key.`)];
  return [problem('dkim', { text: `The DKIM record at ${name} ${dkimFaults[fault]}.`, mend })];
}

/** What is signed for a stranger's domain says nothing of the sender (RFC 7489, 3.1.1). */
function checkAlignment(domain: string, from: string): Finding[] {
  const isOne = from === domain || from.endsWith(`.${domain}`) || domain.endsWith(`.${from}`);
  if (isOne) return [];
  return [
    warning('dkim', {
      text: `DKIM_DOMAIN ${domain} is not the domain of MAIL_FROM (${from}): DMARC does not count the signature.`,
      mend: 'Sign for the domain of MAIL_FROM.',
    }),
  ];
}

async function readKey(file: string): Promise<{ privateKey?: KeyObject; finding: Finding }> {
  const ill = (text: string, mend: string) => problem('dkim_key', { text, mend });
  try {
    const [pem, { mode }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    const privateKey = rsaKeyFrom(new Secret(pem));
    if (!privateKey) {
      const mend = 'Make one: openssl genrsa -out dkim.pem 2048; then publish its public half.';
      return { finding: ill('DKIM_KEY_FILE is no RSA key in PEM.', mend) };
    }
    if (mode & 0o077) {
      const text = 'Others on this machine may read DKIM_KEY_FILE, and sign as we do.';
      const mend =
        "chmod 600 it, for worker's user; make a new key if somebody could have read it.";
      return { privateKey, finding: ill(text, mend) };
    }
    return { privateKey, finding: fine('dkim_key', 'DKIM_KEY_FILE is closed to others.') };
  } catch {
    const mend = 'Correct the path, or look again as root or as the user of worker.';
    return { finding: ill('DKIM_KEY_FILE cannot be read from here.', mend) };
  }
}

async function checkDmarc(dns: NameServer, domain: string): Promise<Finding[]> {
  for (const name of withParents(domain)) {
    const record = (await txtOf(dns, `_dmarc.${name}`)).find((text) => /^v=DMARC1\b/i.test(text));
    if (!record) continue;
    if (!/;\s*p\s*=\s*none\b/i.test(record)) {
      return [fine('dmarc', `${name} tells others to refuse what is not from us (DMARC).`)];
    }
    const ill = {
      text: `The DMARC record of ${name} asks for nothing (p=none): others may write in our name.`,
      mend: 'Once its reports show no mail of yours failing: p=quarantine, then p=reject.',
    };
    return [warning('dmarc', ill)];
  }
  const ill = {
    text: `${domain} has no DMARC record: others may write in our name, and large providers refuse us.`,
    mend: `TXT record at _dmarc.${domain}: v=DMARC1; p=reject; rua=mailto:ADDRESS`,
  };
  return [problem('dmarc', ill)];
}

/** `a.b.example.org`, then each domain above it, but no top-level domain. */
function withParents(domain: string): string[] {
  const labels = domain.split('.');
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'));
}

async function checkMx(
  dns: NameServer,
  { returnPath, from }: { returnPath: string; from: string },
): Promise<Finding[]> {
  const found: Finding[] = [];
  if (!(await takesMail(dns, returnPath))) {
    found.push(
      problem('mx', {
        text: `${returnPath} takes no mail (no MX record): no bounce comes back, and it is not noticed who got nothing.`,
        mend: `MX record at ${returnPath}, to the server that pipes into sotto bounce.`,
      }),
    );
  }
  if (from !== returnPath && !(await takesMail(dns, from))) {
    found.push(
      warning('mx', {
        text: `${from}, the domain of MAIL_FROM, takes no mail (no MX record): some refuse mail from such a sender.`,
        mend: `MX record at ${from}, to a server that takes or refuses what people answer.`,
      }),
    );
  }
  return found.length > 0 ? found : [fine('mx', `${returnPath} takes bounces (MX).`)];
}

async function takesMail(dns: NameServer, domain: string): Promise<boolean> {
  const records = await answersOf(() => dns.resolveMx(domain));
  // A lone dot says that a domain takes none (RFC 7505).
  return records.some(({ exchange }) => exchange !== '' && exchange !== '.');
}

async function txtOf(dns: NameServer, name: string): Promise<string[]> {
  return (await answersOf(() => dns.resolveTxt(name))).map((parts) => parts.join(''));
}

async function answersOf<T>(ask: () => Promise<T[]>): Promise<T[]> {
  try {
    return await ask();
  } catch (error) {
    if (['ENODATA', 'ENOTFOUND'].includes(String((error as NodeJS.ErrnoException).code))) return [];
    throw new NobodyToAsk();
  }
}

function domainOf(address: string | undefined): string | undefined {
  return address?.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
