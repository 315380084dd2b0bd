/** So many channels of these options, which get messages in turn. */
export interface Setting {
  readonly channels: number;
  readonly priority: number;
  readonly batchSize: number;
  readonly timeoutMs: number;
}

/** Messages a second, and how long each rate is kept up, in ms. */
export const RATES = [
  [1, 3_000],
  [10, 2_000],
  [200, 1_500],
  [1_000, 1_000],
  [10_000, 700],
  [100_000, 500],
  [1_000_000, 500],
] as const;

/** What the case measures, by rate. */
export const rateMeasures: readonly string[] = RATES.map(([rate]) => `µs at ${rate.toLocaleString('en-US')}/s`);

/** As the rate of this name, in the first seconds of the process, while V8 still compiles. */
export const YOUNG = { measure: 'µs at 200/s, young', rate: 200, ms: 1_500 };
