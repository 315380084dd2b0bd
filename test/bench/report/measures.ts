import type { Measure } from '../case.ts';

const perSecond: Measure = {
  name: 'perSecond',
  title: 'messages/s',
  better: 'more',
  text: (value) => millions(value),
};

const peak: Measure = { name: 'peakMb', title: 'peak MB', better: 'less', text: (value) => value.toFixed(0) };

/** What cases count that push as fast as messages are taken. */
export const perSecondMeasures: readonly Measure[] = [perSecond, peak];

/** A measure in ms. */
export function milliseconds(name: string, title: string): Measure {
  return { name, title, better: 'less', text: (value) => (value < 10 ? value.toFixed(2) : value.toFixed(1)) };
}

/** A measure that is shown as a plain number. */
export function plain(name: string, title: string, digits = 0): Measure {
  return { name, title, better: 'less', text: (value) => value.toFixed(digits) };
}

/** `16.7 M` or `83 k`. */
export function millions(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(value >= 1e7 ? 1 : 2)} M`;
  return value >= 1e3 ? `${(value / 1e3).toFixed(0)} k` : value.toFixed(0);
}
