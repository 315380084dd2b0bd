import type { OptionNames } from '../config/options.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';

/** How a member takes part. */
export interface ClusterOptions {
  /** What others call this member; its host and process by default. Two members may have the same one. */
  readonly member?: string;
  /** How long an owner may be silent before another member takes its partitions over; 3,000 ms by default, at least 1,000. */
  readonly leaseMs?: number;
  /** How long the owner of a partition that moves has to let its work end; 10,000 ms by default. */
  readonly drainMs?: number;
  /** How often committed frames are removed from the log; 10,000 ms by default. Infinity: never, retention removes them. */
  readonly trimEveryMs?: number;
  /** Called when a partition halts and when the broker is not there. What it throws becomes a warning of the process. */
  readonly onAlert?: (alert: ClusterAlert) => void;
}

/** The same, filled in, with what follows from it. */
export interface ClusterSettings {
  readonly leaseMs: number;
  readonly drainMs: number;
  readonly trimEveryMs: number;
  /** Without a commit the lease is renewed so often. */
  readonly renewMs: number;
  /** Cells of others are looked at so often. */
  readonly pollMs: number;
  /** A partition that another member still has, or whose broker did not answer, is tried again so often. */
  readonly retryMs: number;
  /** A broker that has not answered for so long is asked anew. */
  readonly answerMs: number;
}

const LEASE_MS_MIN = 1_000;

export function clusterSettings(options: ClusterOptions): ClusterSettings {
  const { leaseMs = 3_000, drainMs = 10_000, trimEveryMs = 10_000 } = options;
  atLeast('leaseMs', leaseMs, LEASE_MS_MIN);
  atLeast('drainMs', drainMs, 0);
  atLeast('trimEveryMs', trimEveryMs, 1, true);
  const [renewMs, pollMs, retryMs] = [leaseMs / 3, leaseMs / 6, leaseMs / 30];
  return { leaseMs, drainMs, trimEveryMs, renewMs, pollMs, retryMs, answerMs: leaseMs / 3 };
}

function atLeast(name: string, value: number, min: number, mayBeInfinite = false): void {
  if (typeof value === 'number' && value >= min && (mayBeInfinite || Number.isFinite(value))) return;
  throw new SluiceError('invalid-option', `${name} must be a number of milliseconds from ${min}, got ${String(value)}`);
}

export const clusterOptionNames: OptionNames<ClusterOptions> = {
  member: true,
  leaseMs: true,
  drainMs: true,
  trimEveryMs: true,
  onAlert: true,
};

/** What the host of a source should know. */
export interface ClusterAlert {
  /**
   * `source-halted`: the partition waits for an operator, because its log went back or is partitioned otherwise.
   * `source-lost`: another member took the partition, because this one gave no sign of life, and why.
   * `source-went-back`: the broker lost commits, and perhaps frames; what it has after its last commit is read again.
   * `source-failed`: the owner threw; the partition is offered again after a lease.
   * `source-namesake`: another member has the same name.
   * `source-unreachable`: the broker cannot be used, or a partition not be read; `source-reachable`: all can again.
   */
  readonly kind: `source-${'halted' | 'lost' | 'went-back' | 'failed' | 'namesake' | 'unreachable' | 'reachable'}`;
  /** Undefined: it concerns all. */
  readonly partition: number | undefined;
  readonly text: string;
}

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
