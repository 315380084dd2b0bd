import { Counter } from '../core/counters.ts';
import { type FailedBatch, pick } from '../core/recovery.ts';
import type { Lane } from './lane.ts';

/** The lane that now serves a message; `key`: if it was read already. */
type LaneFor = (message: unknown, key?: string) => Lane;

/**
 * A channel's new lanes take over from those before a reload: what waits goes to the lane that now serves its key, in
 * order, and so do the gaps that no batch has told of; the counts go on. Nothing may be in flight.
 */
export function handOver(from: readonly Lane[], to: readonly Lane[], laneFor: LaneFor): void {
  const retryAt = Math.max(...from.map(({ recovery }) => recovery.retryAt));
  const restUntil = Math.max(...from.map(({ recovery }) => recovery.sinkRestsUntil));
  for (const { recovery } of to) recovery.postpone(retryAt, restUntil);
  for (const { recovery } of from) {
    for (const batch of recovery.takeAll()) {
      for (const [lane, group] of groupBy(batch, laneFor)) lane.recovery.append(group);
    }
  }
  const [first] = to;
  for (const { counters } of from) {
    for (const index of Object.values(Counter)) if (first !== undefined) first.counters[index] += counters[index];
  }
  for (const { inbox } of to) if (from[0] !== undefined) inbox.openAs(from[0].inbox);
  for (const { inbox } of from) {
    for (const entry of inbox.entries()) laneFor(entry[0], entry[1]).inbox.receive(...entry);
    inbox.drain();
  }
  for (const { inbox } of from) {
    for (const gap of inbox.gaps.take()) laneFor(undefined, gap.key).inbox.gaps.merge(gap);
    inbox.offers.moveTo((message, key) => laneFor(message, key).inbox.offers);
    inbox.close();
  }
  for (const { inbox } of to) inbox.admitOffers();
}

function groupBy(batch: FailedBatch, laneFor: LaneFor): Map<Lane, FailedBatch> {
  const indices = new Map<Lane, number[]>();
  for (const [index, message] of batch.messages.entries()) {
    const lane = laneFor(message, batch.keys?.[index]);
    const own = indices.get(lane);
    if (own === undefined) indices.set(lane, [index]);
    else own.push(index);
  }
  return new Map([...indices].map(([lane, own]) => [lane, pick(batch, own)]));
}
