import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distributionBetween, Histogram } from '../../../src/core/histogram.ts';
import { bucketCounts, DEFAULT_BUCKETS } from '../../../src/metrics/bucket-counts.ts';
import { prometheusText } from '../../../src/metrics/index.ts';
import { createTestRouter, messages, slow } from '../../../src/testing/index.ts';
import { type ParsedSample, parsed, valueIn } from '../../support/exposition.ts';
import { routeAndAdvance } from '../../support/routed.ts';

/** Durations in milliseconds, from less than a microsecond to above the last bucket. */
const duration = fc.double({ min: -4, max: 5.5, noNaN: true }).map((exponent) => 10 ** exponent);
const durations = fc.array(duration, { maxLength: 200 });
const limits = fc.oneof(
  fc.constant(DEFAULT_BUCKETS),
  fc
    .uniqueArray(fc.integer({ min: 1, max: 2_147_000_000 }), { minLength: 1, maxLength: 30 })
    .map((micros) => micros.toSorted((a, b) => a - b).map((each) => each / 1_000_000)),
);

function recorded(all: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const ms of all) histogram.record(ms);
  return histogram;
}

/** How many of the durations are at most this long, in milliseconds. */
function within(all: readonly number[], ms: number): number {
  return all.filter((each) => each <= ms).length;
}

function added(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Prometheus' histogram_quantile of cumulative counts by `le`. */
function quantile(share: number, counts: ReadonlyMap<number, number>): number {
  const steps = [...counts].toSorted(([left], [right]) => left - right);
  const rank = share * (steps.at(-1)?.[1] ?? 0);
  const index = steps.findIndex(([, count]) => count >= rank);
  const [from, before] = steps[index - 1] ?? [0, 0];
  const [to, count] = steps[index] ?? [Number.NaN, Number.NaN];
  return to === Number.POSITIVE_INFINITY ? from : from + ((to - from) * (rank - before)) / (count - before);
}

/** What came into each bucket from one scrape to the next. */
function increases(before: string, after: string, name: string): ReadonlyMap<number, number> {
  const bucketsIn = (text: string): Map<number, number> => {
    const samples = parsed(text).filter((sample: ParsedSample) => sample.name === `${name}_bucket`);
    return new Map(samples.map(({ labels, value }) => [Number(labels.le?.replace('+Inf', 'Infinity')), value]));
  };
  const earlier = bucketsIn(before);
  return new Map([...bucketsIn(after)].map(([le, count]) => [le, count - (earlier.get(le) ?? 0)]));
}

describe('buckets', () => {
  it('count every duration once, on the right side of each limit but for 6.25 %', () => {
    fc.assert(
      fc.property(durations, limits, (all, seconds) => {
        const counts = bucketCounts(recorded(all).distribution(), seconds);
        expect(counts.every((count) => count >= 0)).toBe(true);
        expect(added(counts)).toBe(all.length);
        for (const [index, limit] of seconds.entries()) {
          const passed = added(counts.slice(0, index + 1));
          expect(passed).toBeGreaterThanOrEqual(within(all, limit * 937.5 - 0.000_6));
          expect(passed).toBeLessThanOrEqual(within(all, limit * 1_062.5 + 0.000_6));
        }
      }),
    );
  });

  it('R11.3 and sums of the parts are those of the whole, whoever recorded what', () => {
    fc.assert(
      fc.property(fc.array(durations, { maxLength: 5 }), limits, (parts, seconds) => {
        const each = parts.map((part) => recorded(part).distribution());
        const whole = recorded(parts.flat()).distribution();
        const counts = bucketCounts(whole, seconds).map((_, index) =>
          added(each.map((part) => bucketCounts(part, seconds)[index] ?? Number.NaN)),
        );
        expect(counts).toEqual(bucketCounts(whole, seconds));
        expect(Math.round(added(each.map(({ sumMs }) => sumMs)) * 1_000)).toBe(Math.round(whole.sumMs * 1_000));
      }),
    );
  });

  it('only grow, and the sum is at most half a microsecond off for each duration', () => {
    fc.assert(
      fc.property(durations, durations, limits, (earlier, later, seconds) => {
        const histogram = recorded(earlier);
        const before = histogram.distribution();
        for (const ms of later) histogram.record(ms);
        const after = histogram.distribution();
        const counts = bucketCounts(after, seconds);
        for (const [index, count] of bucketCounts(before, seconds).entries())
          expect(counts[index]).toBeGreaterThanOrEqual(count);
        const exact = added([...earlier, ...later]);
        expect(Math.abs(after.sumMs - exact)).toBeLessThanOrEqual((earlier.length + later.length) * 0.000_51);
        expect(distributionBetween(before, after).sumMs).toBeCloseTo(recorded(later).distribution().sumMs, 6);
      }),
    );
  });
});

describe('the text', () => {
  it('has cumulative buckets that end with the count, for all partitions of a channel together', async () => {
    const rig = await createTestRouter({
      sinks: { tick: { batchSize: 2, partitions: 3, partitionBy: 'round-robin' }, fmv: {} },
    });
    const tookMs = [3, 40, 7, 700, 3, 60];
    rig.sink('tick').script.push(...tookMs.map((ms) => slow(ms)));
    await routeAndAdvance(rig, messages('tick', 12), 2_000);
    const text = prometheusText(rig.router);
    for (const name of ['sluice_processing_seconds', 'sluice_queueing_seconds']) {
      for (const channel of ['tick', 'fmv']) {
        const buckets = parsed(text).filter(
          (each) => each.name === `${name}_bucket` && each.labels.channel === channel,
        );
        expect(buckets.map(({ labels }) => labels.le)).toEqual([...DEFAULT_BUCKETS.map(String), '+Inf']);
        const counts = buckets.map(({ value }) => value);
        expect(counts).toEqual(counts.toSorted((a, b) => a - b));
        expect(counts.at(-1)).toBe(valueIn(text, `${name}_count`, { channel }));
      }
    }
    expect(valueIn(text, 'sluice_processing_seconds_count', { channel: 'tick' })).toBe(tookMs.length);
    expect(valueIn(text, 'sluice_calls_total', { channel: 'tick' })).toBe(tookMs.length);
    expect(valueIn(text, 'sluice_queueing_seconds_count', { channel: 'tick' })).toBe(12);
    expect(valueIn(text, 'sluice_processing_seconds_bucket', { channel: 'tick', le: '0.01' })).toBe(3);
    expect(valueIn(text, 'sluice_processing_seconds_sum', { channel: 'tick' })).toBeCloseTo(added(tookMs) / 1_000, 4);
  });

  it('has the buckets that the host wants', async () => {
    const { router } = await createTestRouter({ sinks: { tick: {} } });
    const text = prometheusText(router, { buckets: [0.000_001, 0.1, 60] });
    const buckets = parsed(text).filter(({ name }) => name === 'sluice_processing_seconds_bucket');
    expect(buckets.map(({ labels }) => labels.le)).toEqual(['0.000001', '0.1', '60', '+Inf']);
  });

  it('lets a server compute the quantiles between two scrapes, in the bucket that holds them', async () => {
    const rig = await createTestRouter({ sinks: { tick: { batchSize: 1 } } });
    const deliver = async (tookMs: readonly number[]): Promise<string> => {
      rig.sink('tick').script.push(...tookMs.map((ms) => slow(ms)));
      await routeAndAdvance(rig, messages('tick', tookMs.length), added(tookMs) + 100);
      return prometheusText(rig.router);
    };
    const before = await deliver(Array.from({ length: 50 }, () => 900));
    const tookMs = Array.from({ length: 100 }, (_, index) => index + 1);
    const counts = increases(before, await deliver(tookMs), 'sluice_processing_seconds');
    expect(counts.get(Number.POSITIVE_INFINITY)).toBe(100);
    for (const share of [0.1, 0.5, 0.9]) {
      // The buckets have 10, 25, 50 and 100 ms as their limits, and the durations are spread evenly.
      expect(Math.abs(quantile(share, counts) - share / 10)).toBeLessThan(0.003);
    }
  });
});
