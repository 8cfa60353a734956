/** What a command exits with. Scripts may rely on these. */
export const exitCodes = {
  fine: 0,
  failed: 1,
  wrongUsage: 2,
  /** sysexits.h, as mail servers understand it. */
  refused: 65,
  later: 75,
  /** 128 and the number of SIGINT, as shells have it. */
  interrupted: 130,
} as const;

/** For a failure that no command foresaw: a mail server loses a message for anything but 75. */
export const failedCodeOf = (command: string | undefined): number =>
  command === 'bounce' ? exitCodes.later : exitCodes.failed;

/** What they mean, for readers. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  fine: 'done',
  failed: 'not done, or not all of it; stderr says why',
  wrongUsage: 'wrong usage; nothing was done',
  refused: '`sotto bounce` alone: a message that will never be taken',
  later: '`sotto bounce` and `sotto put` alone: try again later, nothing is lost',
  interrupted: 'stopped by Ctrl+C before it was done; stderr says how to go on',
};
