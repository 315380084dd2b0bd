import { expect, it } from 'vitest';
import type { ClusterView, HandOver, PartitionStatus } from '../../../src/core/cluster-view.ts';
import type { Reading } from '../../../src/metrics/reading.ts';
import { JoinedClusters } from '../../../src/workers/joined-clusters.ts';

/** What a worker says of a source whose one partition `owner` has. */
function seenBy(member: string, owner: string, state: string, handOvers: readonly HandOver[]): Reading {
  const lag = state === 'running' ? null : 7;
  const partition: Partial<PartitionStatus> = { partition: 0, owner, state, lag };
  const cluster = { member, members: [], partitions: [partition], handOvers } as unknown as ClusterView;
  return { metrics: { sources: { ticks: { cluster }, bars: {} } } } as unknown as Reading;
}

const taken = { partition: 0, from: null, to: 'a', fence: 1 };

it('R8.5 the owner says what its partition is doing, and hand-overs are those that any worker saw, as early as any saw them', () => {
  const clusters = new JoinedClusters();
  const view = clusters.join([
    seenBy('b', 'a', 'standby', [{ ...taken, at: 20 }]),
    seenBy('a', 'a', 'running', [{ ...taken, at: 10 }]),
  ]);
  expect(Object.keys(view)).toEqual(['ticks']);
  // The owner has not measured the lag yet.
  expect(view.ticks?.partitions.map(({ lag, state }) => [state, lag])).toEqual([['running', 7]]);
  expect(view.ticks?.handOvers).toEqual([{ ...taken, at: 10 }]);
  // The worker that saw it has ended.
  const lost = { partition: 0, from: 'a', to: 'b', fence: 2, at: 30 };
  expect(clusters.join([seenBy('b', 'b', 'running', [lost])]).ticks?.handOvers).toEqual([{ ...taken, at: 10 }, lost]);
});
