import assert from 'node:assert/strict';
import { type Channel, channels } from '../domain/channel.ts';
import { type Language, languages } from '../domain/language.ts';
import { Secret } from '../domain/secret.ts';
import { linkSecretBytes } from './link-derivation.ts';
import { SealError } from './seal-error.ts';

/** P, what the worker needs to send a link: where to, in which language, and the link's secret. */
export interface Parcel {
  readonly linkSecret: Secret<Buffer>;
  readonly contactPoint: Secret<string>;
  readonly channel: Channel;
  readonly language: Language;
}

/** N, what the patient's side needs to know of a link: where it was sent. */
export interface Note {
  readonly channel: Channel;
  readonly contactPoint: Secret<string>;
}

// Part of the format: a code keeps its meaning for as long as anything sealed is kept.
const channelCodes: Record<Channel, number> = { sms: 1, email: 2 };

/** Channel (1 byte), link secret (18), language (2 ASCII letters), contact point (UTF-8). */
export function encodeParcel({ linkSecret, contactPoint, channel, language }: Parcel): Buffer {
  const secret = linkSecret.reveal();
  assert(secret.length === linkSecretBytes, 'link secret is not 18 bytes');
  return Buffer.concat([
    Buffer.of(channelCodes[channel]),
    secret,
    Buffer.from(language, 'latin1'),
    Buffer.from(contactPoint.reveal()),
  ]);
}

/** @throws {SealError} `seal_mismatch` for what no version of ours has written */
export function decodeParcel(payload: Buffer): Parcel {
  const secretEnd = 1 + linkSecretBytes;
  const languageEnd = secretEnd + 2;
  const tag = payload.toString('latin1', secretEnd, languageEnd);
  const language = languages.find((known) => known === tag);
  if (!language) throw new SealError('seal_mismatch');
  return {
    linkSecret: new Secret(Buffer.from(payload.subarray(1, secretEnd))),
    contactPoint: new Secret(payload.toString('utf8', languageEnd)),
    channel: channelOf(payload),
    language,
  };
}

/** Channel (1 byte), contact point (UTF-8). */
export function encodeNote({ channel, contactPoint }: Note): Buffer {
  return Buffer.concat([Buffer.of(channelCodes[channel]), Buffer.from(contactPoint.reveal())]);
}

/** @throws {SealError} `seal_mismatch` for what no version of ours has written */
export function decodeNote(payload: Buffer): Note {
  return { channel: channelOf(payload), contactPoint: new Secret(payload.toString('utf8', 1)) };
}

function channelOf(payload: Buffer): Channel {
  const channel = channels.find((known) => channelCodes[known] === payload[0]);
  if (!channel) throw new SealError('seal_mismatch');
  return channel;
}
