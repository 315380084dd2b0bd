import { checkOptions, type OptionNames } from '../config/options.ts';
import { invalidOption } from '../core/sluice-error.ts';

/** How long a drain may take. */
export interface StopOptions {
  /** In ms, default 5,000. What is not delivered by then is handed back. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 5_000;

const stopOptions: OptionNames<StopOptions> = { deadlineMs: true };

/** Throws `SluiceError` `invalid-option` for anything but a number of ms. */
export function deadlineOf(functionName: 'stop' | 'remove', options: StopOptions): number {
  checkOptions(functionName, options, stopOptions);
  const { deadlineMs = DEADLINE_MS } = options;
  if (Number.isFinite(deadlineMs) && deadlineMs >= 0) return deadlineMs;
  throw invalidOption(`deadlineMs must be a number of ms from 0, got ${String(deadlineMs)}`);
}
