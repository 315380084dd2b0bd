import { type ChannelReading, channelsOf, type Reading } from './reading.ts';

/** One value of a metric, told apart from its siblings by its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** What a summary puts behind its name for values that are no quantile. */
  readonly suffix?: '_count';
}

/**
 * One metric: what it is called and how it is read. `summary` holds quantiles in the label `quantile`; a `counter` only
 * grows until the process ends.
 */
export interface Measure {
  /** Dotted and without prefix: `messages.received`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  /** What is counted, or `s` for seconds; empty: a bare number. */
  readonly unit: string;
  readonly help: string;
  /** Every label its samples have. */
  readonly labels: readonly string[];
  read(reading: Reading): readonly Sample[];
}

type Head = readonly [name: string, unit: string, help: string];

/** A value of the router. */
export function ofRouter(
  type: 'counter' | 'gauge',
  [name, unit, help]: Head,
  of: (reading: Reading) => number,
): Measure {
  return { name, type, unit, help, labels: [], read: (reading) => [{ labels: {}, value: of(reading) }] };
}

/** A value of each channel; null: this one has none. */
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

/** A counter of each channel, split by a label whose values are known, so that each is there from the first scrape on. */
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

/** 1 for the state that something is in, 0 for all others it can be in. */
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

/** Quantiles of durations since the start: there may be several readers, so a read begins nothing anew. */
export function summary([name, unit, help]: Head, which: 'processing' | 'queueing'): Measure {
  const read = (labels: Readonly<Record<string, string>>, { metrics }: ChannelReading): Sample[] => {
    const { count, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = metrics[which];
    const quantiles = { '0.5': p50Ms, '0.9': p90Ms, '0.99': p99Ms, '0.999': p999Ms, '1.0': maxMs };
    return [
      ...Object.entries(quantiles).map(([quantile, ms]) => ({
        labels: { ...labels, quantile },
        // Prometheus' way to say that there was nothing to measure; 0 would be a good answer.
        value: count === 0 ? Number.NaN : ms / 1_000,
      })),
      { labels, value: count, suffix: '_count' },
    ];
  };
  return {
    name,
    type: 'summary',
    unit,
    help,
    labels: ['channel', 'quantile'],
    read: (reading) => ofEach(reading, read),
  };
}

function ofEach(
  reading: Reading,
  read: (labels: Readonly<Record<string, string>>, channel: ChannelReading) => Sample[],
): Sample[] {
  return channelsOf(reading).flatMap(([channel, its]) => read({ channel }, its));
}
