import type { Distribution } from '../core/histogram.ts';
import { bucketCounts } from './bucket-counts.ts';
import type { Reading } from './reading.ts';

/** One value of a metric, identified by its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** The suffix of the name for a value of a histogram. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/**
 * One metric: its name and how it is read. A `histogram` has the upper limits of its buckets in the label `le`. It and a
 * `counter` only grow until the process ends.
 */
export interface Measure {
  /** Dotted and without prefix: `messages.received`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What is counted, or `s` for seconds; empty for a ratio or a flag. */
  readonly unit: string;
  readonly help: string;
  /** How the values of several processes become one, where the unit does not say it: see `across`. */
  readonly together?: Together;
  /** Every label its samples have. */
  readonly labels: readonly string[];
  /** The limits are those of histograms, in seconds. */
  read(reading: Reading, limits: readonly number[]): readonly Sample[];
}

/** `each`: they stay apart. */
type Together = 'sum' | 'max' | 'each';

/** How values of several processes become one: counts are summed, of ages the largest counts, the rest stays apart. */
export function across({ together, type, unit }: Pick<Measure, 'together' | 'type' | 'unit'>): Together {
  if (together !== undefined) return together;
  if (type !== 'gauge') return 'sum';
  return unit === '' ? 'each' : unit === 's' ? 'max' : 'sum';
}

type Named<Item> = readonly (readonly [name: string, item: Item])[];
/** Samples of one item, without the label that names it. */
type Read<Item> = (item: Item, limits: readonly number[]) => readonly Sample[];

/** The same, but the values of several processes become one like this. */
export function together(how: Together, measures: readonly Measure[]): readonly Measure[] {
  return measures.map((measure) => ({ ...measure, together: how }));
}

/** Makes the metrics of all items of a kind, which one label names; null: of the only one there is. */
export function measuresOf<Item>(kind: string | null, itemsOf: (reading: Reading) => Named<Item>) {
  const make = (type: Measure['type'], name: string, unit: string, help: string, more: string[], read: Read<Item>) => {
    const samplesOf = (reading: Reading, limits: readonly number[]): Sample[] =>
      itemsOf(reading).flatMap(([item, its]) => {
        const samples = read(its, limits);
        return kind === null ? samples : samples.map((each) => ({ ...each, labels: { [kind]: item, ...each.labels } }));
      });
    return { name, type, unit, help, labels: kind === null ? more : [kind, ...more], read: samplesOf };
  };
  /** A value of each; null: this one has none. */
  const single = (type: Measure['type']) => {
    return (name: string, unit: string, help: string, of: (item: Item) => number | null): Measure =>
      make(type, name, unit, help, [], (item) => {
        const value = of(item);
        return value === null ? [] : [{ labels: {}, value }];
      });
  };
  /** Values that differ in one more label. All that are known from the start are there, so that the first scrape has them. */
  const split = (type: Measure['type']) => {
    type Values = Readonly<Record<string, number>>;
    return (label: string, name: string, unit: string, help: string, of: (item: Item) => Values): Measure =>
      make(type, name, unit, help, [label], (item) =>
        Object.entries(of(item)).map(([key, value]) => ({ labels: { [label]: key }, value })),
      );
  };
  return {
    counter: single('counter'),
    gauge: single('gauge'),
    counterBy: split('counter'),
    gaugeBy: split('gauge'),
    /** 1 for the present state, 0 for all others; undefined: it has none. */
    state: (name: string, help: string, states: readonly string[], of: (item: Item) => string | undefined): Measure =>
      split('gauge')('state', name, '', help, (item) => {
        const current = of(item);
        return current === undefined ? {} : Object.fromEntries(states.map((each) => [each, Number(each === current)]));
      }),
    histogram: (name: string, help: string, of: (item: Item) => Distribution): Measure =>
      make('histogram', name, 's', help, ['le'], (item, limits) => bucketSamples(of(item), limits)),
  };
}

/** Each count includes the buckets below, as Prometheus wants it. */
function bucketSamples(durations: Distribution, limits: readonly number[]): Sample[] {
  let passed = 0;
  return [
    ...bucketCounts(durations, limits).map((within, index): Sample => {
      passed += within;
      return { labels: { le: String(limits[index] ?? '+Inf') }, value: passed, suffix: '_bucket' };
    }),
    { labels: {}, value: durations.sumMs / 1_000, suffix: '_sum' },
    { labels: {}, value: durations.count, suffix: '_count' },
  ];
}
