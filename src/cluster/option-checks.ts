import { invalidOption } from '../core/sluice-error.ts';

export const MEBIBYTE = 1024 ** 2;
const PARTITIONS_MAX = 1_024;

export function checkWhole(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalidOption(`${name} must be a whole number from ${min} to ${max}, got ${String(value)}`);
}

/** What everybody who uses a channel gives. */
export function checkChannel(channel: string, partitions: number): void {
  if (typeof channel !== 'string' || !/^[\w-]+$/.test(channel))
    throw invalidOption(`channel must be letters, digits, - and _, got '${String(channel)}'`);
  checkWhole('partitions', partitions, 1, PARTITIONS_MAX);
}
