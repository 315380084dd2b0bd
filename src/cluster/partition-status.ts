import type { OwnedPartition } from './owned-partition.ts';

/** One partition as one member sees it. */
export interface PartitionStatus {
  readonly partition: number;
  /** The state of its statechart at this member. */
  readonly state: string;
  /** The member that has it; null: nobody. */
  readonly owner: string | null;
  readonly fence: number;
  /** Everything up to there is settled. */
  readonly position: number;
  readonly takeovers: number;
  /** In words: "partition 3 of ticks: standby; owned by host-b since 12 s; its last commit 0.2 s ago". */
  readonly text: string;
}

export function partitionStatus(name: string, owned: OwnedPartition, place: string): PartitionStatus {
  const { partition, watch, lease, halted } = owned;
  const { owner, epoch: fence, position, takeovers } = watch.cell;
  const state = place.replace('owned.', '');
  const who = owner === null ? 'nobody has it' : `owned by ${owner.split('#')[0]} since ${seconds(watch.ownedMs)}`;
  const doubt =
    lease.isHeld && !lease.isValid ? `; the broker has not confirmed the lease for ${seconds(lease.keptMs)}` : '';
  const why = halted === '' ? '' : `; ${halted}`;
  const text = `partition ${partition} of ${name}: ${state}; ${who}; its last commit ${seconds(watch.committedMs)} ago${doubt}${why}`;
  return { partition, state, owner, fence, position, takeovers, text };
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
