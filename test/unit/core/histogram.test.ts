import { expect, test } from 'vitest';
import { Histogram } from '../../../src/core/histogram.ts';

test('below 16 microseconds nothing is rounded but to whole microseconds', () => {
  for (let micros = 0; micros < 16; micros += 1) {
    const histogram = new Histogram();
    histogram.record(micros / 1_000);
    histogram.record(1);
    expect(histogram.distribution().p50Ms).toBe(micros / 1_000);
  }
});
