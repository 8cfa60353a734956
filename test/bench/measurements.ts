import { dispatchNull } from './dispatch-null.ts';
import { dispatchSmtp, dispatchTwilio } from './dispatch-providers.ts';
import type { Measurement } from './measurement.ts';

/** All that `npm run bench` measures, in this order. */
export const measurements: readonly Measurement[] = [dispatchNull, dispatchTwilio, dispatchSmtp];
