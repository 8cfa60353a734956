import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const searches = ['feed', 'sweep', 'waiting-batches', 'parcels', 'retention', 'callbacks'];

describe('statements that look for what is past some moment', () => {
  // clock_timestamp() is volatile: compared with it, every row of an index is read.
  it.each(searches)('compare with now(), so that an index can be searched: %s', (name) => {
    const text = readFileSync(new URL(`../../src/store/${name}.ts`, import.meta.url), 'utf8');
    const searched = text.match(
      /\b(due_at|lease_until|expires_at|received_at|parcel_day)\s*[<>]=?\s*\(?clock_timestamp/g,
    );
    expect(searched).toBeNull();
  });
});
