/** A message of one of the shipped data types, identified by its number. */
export interface TestMessage {
  readonly ev: string;
  readonly sym: string;
  readonly n: number;
}

const eventTypes: Readonly<Record<string, string>> = { tick: 'T', ohlcv: 'AM', fmv: 'FMV' };

/** Message number `n` of such a data type. */
export function message(dataType: string, n: number, sym = 'A'): TestMessage {
  return { ev: eventTypes[dataType] ?? dataType, sym, n };
}

/** `count` messages of such a data type, numbered from `from`. */
export function messages(dataType: string, count: number, from = 0): TestMessage[] {
  return Array.from({ length: count }, (_, index) => message(dataType, from + index));
}
