/** What a message travels on. */
export const channels = ['sms', 'email'] as const;
export type Channel = (typeof channels)[number];

/** What a booking system may ask for: one channel, or `auto` (link by email, code by SMS). */
export const requestedChannels = ['sms', 'email', 'auto'] as const;
export type RequestedChannel = (typeof requestedChannels)[number];

/** Test and live rows never meet: mode is part of every row's key. */
export const modes = ['test', 'live'] as const;
export type Mode = (typeof modes)[number];
