import type { MessagePlace } from '../core/source-port.ts';
import type { Mark } from './broker.ts';

/** One per partition: lease, fence and checkpoint together, so that each write renews, fences and commits in one. */
export interface PartitionCell {
  /** Null: it is free. */
  readonly owner: string | null;
  /** The fence: one more with each stay. */
  readonly epoch: number;
  /** One more with each attempt to write, so that an attempt whose answer was lost is known when it is read. */
  readonly n: number;
  /** Everything up to there is settled. */
  readonly position: number;
  readonly mark: Mark | null;
  /** Stays that ended without a release since the position moved. */
  readonly takeovers: number;
  readonly marked: MessagePlace | null;
}

export const FREE_CELL: PartitionCell = {
  owner: null,
  epoch: 0,
  n: 0,
  position: 0,
  mark: null,
  takeovers: 0,
  marked: null,
};
