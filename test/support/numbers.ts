import type { TestMessage } from '../../src/testing/index.ts';

/** The numbers from `from`. */
export function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

/** The numbers of messages, in their order. */
export function numbersOf(messages: Iterable<TestMessage>): number[] {
  return Array.from(messages, ({ n }) => n);
}
