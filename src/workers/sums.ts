import { catalog } from '../metrics/catalog.ts';
import { keyOf } from '../metrics/labels.ts';
import { across, type Measure, type Sample } from '../metrics/measure.ts';
import { family } from '../metrics/prometheus.ts';
import type { Reading } from '../metrics/reading.ts';

/** What one process says, as far as it has answered. */
export interface Told {
  readonly number: number;
  readonly reading: Reading | undefined;
  /** False: only what it counted is true of it. */
  readonly isAlive: boolean;
}

/** The metrics of several processes as one: counters and histograms summed, gauges by the rule of `across`. */
export class Sums {
  /** What processes that ended have counted: without it a sum would fall when one is replaced, which looks like a restart of all. */
  readonly #past = new Map<Measure, readonly Sample[]>();
  readonly #limits: readonly number[];

  /** `limits`: of the buckets of histograms. */
  constructor(limits: readonly number[]) {
    this.#limits = limits;
  }

  /** A process has ended, and another one takes its place. */
  keep(reading: Reading): void {
    for (const measure of catalog) {
      if (measure.type === 'gauge') continue;
      const before = this.#past.get(measure) ?? [];
      this.#past.set(measure, merged([...before, ...measure.read(reading, this.#limits)], sum));
    }
  }

  text(all: readonly Told[]): string {
    return catalog.map((measure) => family(measure, this.#samplesOf(measure, all))).join('');
  }

  #samplesOf(measure: Measure, all: readonly Told[]): readonly Sample[] {
    const samples = all.flatMap(({ number, reading, isAlive }) => {
      if (reading === undefined || (measure.type === 'gauge' && !isAlive)) return [];
      const own = measure.read(reading, this.#limits);
      if (across(measure) !== 'each') return own;
      return own.map((sample) => ({ ...sample, labels: { ...sample.labels, worker: String(number) } }));
    });
    return merged([...(this.#past.get(measure) ?? []), ...samples], across(measure) === 'max' ? Math.max : sum);
  }
}

function sum(a: number, b: number): number {
  return a + b;
}

/** One sample for all that have the same labels. */
function merged(samples: readonly Sample[], merge: (a: number, b: number) => number): readonly Sample[] {
  const all = new Map<string, Sample>();
  for (const sample of samples) {
    const key = `${sample.suffix} ${keyOf(sample.labels)}`;
    const before = all.get(key);
    all.set(key, before === undefined ? sample : { ...sample, value: merge(before.value, sample.value) });
  }
  return [...all.values()];
}
