/** A role as it is in production, on a machine whose clock is wrong by `CHAOS_CLOCK_SKEW_MS`. */
const skewMs = Number(process.env.CHAOS_CLOCK_SKEW_MS);
const RealDate = Date;
const realInstant = Temporal.Now.instant.bind(Temporal.Now);
const realZoned = Temporal.Now.zonedDateTimeISO.bind(Temporal.Now);

class SkewedDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + skewMs);
    else super(...(given as [number]));
  }

  static override now(): number {
    return RealDate.now() + skewMs;
  }
}
globalThis.Date = SkewedDate as DateConstructor;
Temporal.Now.instant = () => realInstant().add({ milliseconds: skewMs });
Temporal.Now.zonedDateTimeISO = (zone) => realZoned(zone).add({ milliseconds: skewMs });

await import('../../../src/cli.ts');
