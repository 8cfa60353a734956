import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** What a name says: texts, the hosts that take its mail, or addresses. A name that is not here does not exist. */
export interface DnsRecords {
  [name: string]: {
    txt?: readonly string[];
    mx?: readonly string[];
    /** Addresses, as four bytes. */
    a?: readonly (readonly number[])[];
  };
}

export interface DnsServer {
  /** As `setServers` of a resolver takes it. */
  readonly address: string;
  records: DnsRecords;
  /** Answers nobody any more, as behind a firewall. */
  isMute: boolean;
  close(): Promise<void>;
}

const types = { a: 1, txt: 16, mx: 15 } as const;

/**
 * A name server on UDP that knows TXT, MX and A records.
 *
 * @see RFC 1035, 4
 */
export async function startDnsServer(): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const server: DnsServer = {
    address: '',
    records: {},
    isMute: false,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
  socket.on('message', (query, from) => {
    if (!server.isMute) socket.send(answerTo(query, server.records), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return Object.assign(server, { address: `127.0.0.1:${socket.address().port}` });
}

function answerTo(query: Buffer, records: DnsRecords): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const question = query.subarray(12, at + 5);
  const type = query.readUInt16BE(at + 1);
  const found = records[labels.join('.').toLowerCase()];
  const answers = dataOf(found, type).map((data) => {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(0xc00c, 0); // the name of the question
    head.writeUInt16BE(type, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt32BE(60, 6);
    head.writeUInt16BE(data.length, 10);
    return Buffer.concat([head, data]);
  });
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180 | (found ? 0 : 3), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, question, ...answers]);
}

function dataOf(found: DnsRecords[string] | undefined, type: number): Buffer[] {
  if (type === types.txt) return (found?.txt ?? []).map(textData);
  if (type === types.a) return (found?.a ?? []).map((bytes) => Buffer.from(bytes));
  if (type !== types.mx) return [];
  return (found?.mx ?? []).map((host) => Buffer.concat([Buffer.from([0, 10]), nameData(host)]));
}

/** In parts of at most 255 bytes, as a key of 2048 bits needs. */
function textData(text: string): Buffer {
  const parts = text.match(/.{1,255}/gs) ?? [''];
  return Buffer.concat(
    parts.flatMap((part) => [Buffer.from([part.length]), Buffer.from(part, 'latin1')]),
  );
}

function nameData(host: string): Buffer {
  const labels = host.split('.').filter(Boolean);
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
    Buffer.from([0]),
  ]);
}
