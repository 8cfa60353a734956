const lookMs = 50;
/** A process that has much to do is late by as much now and then. */
const lateMs = 500;

/**
 * How long some work takes, in ms, and for how long of it this process stood still, as all others do where
 * it is the machine: nobody is to blame for that.
 */
export async function timeOf(
  work: () => Promise<unknown>,
): Promise<{ movingMs: number; stoodStillMs: number }> {
  let movingMs = 0;
  let stoodStillMs = 0;
  let lookedAtMs = performance.now();
  const look = () => {
    const passedMs = performance.now() - lookedAtMs;
    const stillMs = Math.max(0, passedMs - lateMs);
    stoodStillMs += stillMs;
    movingMs += passedMs - stillMs;
    lookedAtMs += passedMs;
  };
  const timer = setInterval(look, lookMs);
  await work().finally(() => clearInterval(timer));
  look();
  return { movingMs, stoodStillMs };
}
