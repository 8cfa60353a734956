import { accept } from './accept.ts';
import { backlog } from './backlog.ts';
import { dispatchNull } from './dispatch-null.ts';
import { dispatchSmtp, dispatchTwilio } from './dispatch-providers.ts';
import { footprint } from './footprint.ts';
import { lateness } from './lateness.ts';
import type { ArrangedMeasurement, Measurement } from './measurement.ts';
import { patient } from './patient.ts';

/** All that `npm run bench` measures, in this order. */
export const measurements: readonly (Measurement | ArrangedMeasurement)[] = [
  dispatchNull,
  dispatchTwilio,
  dispatchSmtp,
  accept,
  backlog,
  lateness,
  patient,
  footprint,
];
