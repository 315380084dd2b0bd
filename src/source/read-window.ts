import type { ReadRoom } from '../core/source-port.ts';
import type { AckLedger } from './ack-ledger.ts';

/** How much may be read and not committed in one partition. At any of the limits the reader stops reading. */
export interface WindowLimits {
  /** Frames, default 1,000. A crash brings at most so many again. */
  readonly frames: number;
  /** Bytes as they lie in the source, default 64 MiB. */
  readonly bytes: number;
  /** How long the oldest frame may be unsettled, in ms, default 300,000. */
  readonly ageMs: number;
}

export const WINDOW: WindowLimits = { frames: 1_000, bytes: 64 * 1_024 * 1_024, ageMs: 300_000 };

/** What is full about a window. */
export type WindowLimit = 'frames' | 'bytes' | 'age';

/** A window that was full has room again when a quarter of it is free: reads stay large, and changes of state rare. */
const FREE_SHARE = 0.25;

/** What the next read may bring, or the limit that is reached. */
export function roomIn(ledger: AckLedger, limits: WindowLimits, now: number, wasFull: boolean): ReadRoom | WindowLimit {
  const share = wasFull ? FREE_SHARE : 0;
  const frames = limits.frames - ledger.held;
  const bytes = limits.bytes - ledger.heldBytes;
  if (frames <= 0 || frames < share * limits.frames) return 'frames';
  if (bytes <= 0 || bytes < share * limits.bytes) return 'bytes';
  const { oldest } = ledger;
  return oldest !== undefined && now - oldest.readAt >= limits.ageMs ? 'age' : { frames, bytes };
}
