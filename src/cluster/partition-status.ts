import type { Actor } from 'xstate';
import type { ownershipMachine } from '../../machines/ownership.ts';
import { type MemberStatus, memberName, type PartitionStatus } from '../core/cluster-view.ts';
import { seconds } from '../report/duration.ts';
import type { OwnedPartition } from './owned-partition.ts';

/** A partition at one member, whose statechart is in this state because of this. */
export function partitionStatus(
  name: string,
  { partition, watch, lease, halted, unreadable, lag }: OwnedPartition,
  { state, cause }: Pick<PartitionStatus, 'state' | 'cause'>,
  members: readonly MemberStatus[],
): PartitionStatus {
  const { owner, epoch: fence, position, takeovers } = watch.cell;
  const { ownedMs, committedMs } = watch.ages;
  const who = owner === null ? 'nobody has it' : `owned by ${memberName(owner, members)} since ${seconds(ownedMs)}`;
  const doubt =
    lease.isHeld && !lease.isValid ? `; the broker has not confirmed the lease for ${seconds(lease.keptMs)}` : '';
  const read = unreadable === undefined ? '' : `; it cannot be read: ${unreadable}`;
  const why = state === 'halted' ? `; ${halted}` : read;
  const text = `partition ${partition} of ${name}: ${state}; ${who}; its last commit ${seconds(committedMs)} ago${doubt}${why}`;
  return { partition, state, cause, owner, ownedMs, committedMs, fence, position, lag, takeovers, text };
}

/** The innermost state of its statechart, and what led into it. */
export function stateOf(actor: Actor<typeof ownershipMachine> | undefined) {
  const { value = 'closed', context } = actor?.getSnapshot() ?? {};
  return { state: typeof value === 'object' ? value.owned : value, cause: context?.cause ?? '' };
}
