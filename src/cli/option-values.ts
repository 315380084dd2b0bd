import { InvalidArgumentError } from 'commander';

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `10x` as 10, `max` as Infinity. */
export function parseSpeed(text: string): number {
  const factor = text === 'max' ? Number.POSITIVE_INFINITY : Number(/^([\d.]+)x$/.exec(text)?.[1]);
  if (factor > 0) return factor;
  throw new InvalidArgumentError('Allowed: a positive factor such as 1x, 10x or 0.5x, or max.');
}

/** `500ms`, `10s`, `2m` or `1h` in milliseconds. */
export function parseDuration(text: string): number {
  const [, count, unit] = /^([\d.]+)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(count) * (MS_PER_UNIT[unit ?? ''] ?? 0);
  if (ms > 0) return ms;
  throw new InvalidArgumentError('Allowed: a time above zero such as 500ms, 10s, 2m or 1h.');
}

/** A whole number from `min` to `max`. */
export function parseWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Allowed: a whole number from ${min} to ${max}.`);
  };
}
