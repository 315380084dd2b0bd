import { bucketCounts } from './bucket-counts.ts';
import { type ChannelReading, channelsOf, type Reading } from './reading.ts';

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

/**
 * How the values of several processes become one. What is counted is summed, of ages the largest one counts, and states,
 * flags and ratios stay apart.
 */
export function across({ together, type, unit }: Pick<Measure, 'together' | 'type' | 'unit'>): Together {
  if (together !== undefined) return together;
  if (type !== 'gauge') return 'sum';
  return unit === '' ? 'each' : unit === 's' ? 'max' : 'sum';
}

/** The name, the unit and the help of a metric. */
export type Head = readonly [name: string, unit: string, help: string];

/** A value of the router. */
export function ofRouter(
  type: 'counter' | 'gauge',
  [name, unit, help]: Head,
  of: (reading: Reading) => number,
): Measure {
  return { name, type, unit, help, labels: [], read: (reading) => [{ labels: {}, value: of(reading) }] };
}

/** A value of each channel; null: this channel has none. */
export function ofChannels(
  type: 'counter' | 'gauge',
  [name, unit, help]: Head,
  of: (channel: ChannelReading) => number | null,
): Measure {
  const read = (labels: Readonly<Record<string, string>>, channel: ChannelReading): Sample[] => {
    const value = of(channel);
    return value === null ? [] : [{ labels, value }];
  };
  return { name, type, unit, help, labels: ['channel'], read: (reading) => ofEach(reading, read) };
}

/** Makes measures of all items of a kind: a value of each, several that differ in one label, or none. */
export function ofNamed<Item>(kind: string, itemsOf: (reading: Reading) => readonly (readonly [string, Item])[]) {
  return (
    type: 'counter' | 'gauge',
    [name, unit, help]: Head,
    of: (item: Item) => readonly (readonly [label: string, value: number])[],
    label?: string,
  ): Measure => {
    const samplesOf = ([item, its]: readonly [string, Item]): Sample[] =>
      of(its).map(([key, value]) => ({
        labels: { [kind]: item, ...(label !== undefined && { [label]: key }) },
        value,
      }));
    const labels = label === undefined ? [kind] : [kind, label];
    return { name, type, unit, help, labels, read: (reading) => itemsOf(reading).flatMap(samplesOf) };
  };
}

/** A counter of each channel, split by a label. All its values are known, so that the first scrape has each of them. */
export function split(
  label: string,
  [name, unit, help]: Head,
  of: (channel: ChannelReading) => Readonly<Record<string, number>>,
): Measure {
  const read = (labels: Readonly<Record<string, string>>, channel: ChannelReading): Sample[] =>
    Object.entries(of(channel)).map(([key, value]) => ({ labels: { ...labels, [label]: key }, value }));
  return {
    name,
    type: 'counter',
    unit,
    help,
    labels: ['channel', label],
    read: (reading) => ofEach(reading, read),
  };
}

/** 1 for the present state, 0 for all other states. */
export function stateSet(
  [name, unit, help]: Head,
  states: readonly string[],
  of: (channel: ChannelReading) => string | undefined,
): Measure {
  const read = (labels: Readonly<Record<string, string>>, channel: ChannelReading): Sample[] => {
    const current = of(channel);
    if (current === undefined) return [];
    return states.map((state) => ({ labels: { ...labels, state }, value: Number(state === current) }));
  };
  return {
    name,
    type: 'gauge',
    unit,
    help,
    labels: ['channel', 'state'],
    read: (reading) => ofEach(reading, read),
  };
}

/** Durations since the start, counted by bucket. Each count includes the buckets below, as Prometheus wants it. */
export function histogram([name, unit, help]: Head, which: 'processing' | 'queueing'): Measure {
  const read = (reading: Reading, limits: readonly number[]): Sample[] =>
    ofEach(reading, (labels, { metrics }) => {
      const { count, sumMs } = metrics[which];
      let passed = 0;
      return [
        ...bucketCounts(metrics[which], limits).map((within, index): Sample => {
          passed += within;
          return { labels: { ...labels, le: String(limits[index] ?? '+Inf') }, value: passed, suffix: '_bucket' };
        }),
        { labels, value: sumMs / 1_000, suffix: '_sum' },
        { labels, value: count, suffix: '_count' },
      ];
    });
  return { name, type: 'histogram', unit, help, labels: ['channel', 'le'], read };
}

function ofEach(
  reading: Reading,
  read: (labels: Readonly<Record<string, string>>, channel: ChannelReading) => Sample[],
): Sample[] {
  return channelsOf(reading).flatMap(([channel, its]) => read({ channel }, its));
}
