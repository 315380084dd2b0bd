import { Counter } from '../core/counters.ts';
import { type FailedBatch, pick } from '../core/recovery.ts';
import type { Lane } from './lane.ts';

/** How a channel now tells its lanes apart. */
interface Lanes {
  readonly all: readonly Lane[];
  /** The key of a message; undefined: nothing depends on it. Code of the host. */
  keyOf(message: unknown): string | undefined;
  laneOf(key: string | undefined): Lane;
}

/**
 * A channel's new lanes take over from those before a reload: what waits goes to the lane that now serves its key, in
 * order, and so do the gaps that no batch has told of; the counts go on. Nothing may be in flight.
 */
export function handOver(from: readonly Lane[], { all, keyOf, laneOf }: Lanes): void {
  // Before anything moves: code of the host may look at the router.
  const keys = new Map<unknown, string | undefined>();
  const failed = from.map(({ inbox, recovery }) => {
    recovery.restore();
    // A copy: what the host routes meanwhile is read below.
    for (const [message, key] of [...inbox.mailbox.entries()]) if (key === undefined) keys.set(message, keyOf(message));
    return recovery.all.map((batch) => withKeys(batch, keyOf));
  });
  const retryAt = Math.max(...from.map(({ recovery }) => recovery.retryAt));
  const restUntil = Math.max(...from.map(({ recovery }) => recovery.sinkRestsUntil));
  for (const { recovery } of all) recovery.postpone(retryAt, restUntil);
  for (const [index, { recovery }] of from.entries()) {
    recovery.takeAll();
    for (const batch of failed[index] ?? [])
      for (const [lane, group] of groupBy(batch, laneOf)) lane.recovery.append(group);
  }
  const [first] = all;
  for (const { counters } of from) {
    for (const index of Object.values(Counter)) if (first !== undefined) first.counters[index] += counters[index];
  }
  for (const { inbox } of all) if (from[0] !== undefined) inbox.openAs(from[0].inbox);
  for (const { inbox } of from) {
    for (const [message, known, acceptedAt, sequence, origin] of inbox.mailbox.entries()) {
      const key = known ?? keys.get(message) ?? keyOf(message);
      laneOf(key).inbox.overflow.place(message, key, acceptedAt, sequence, origin);
    }
    inbox.mailbox.drain();
  }
  for (const { inbox } of from) {
    for (const gap of inbox.gaps.take()) laneOf(gap.key).inbox.gaps.merge(gap);
    inbox.offers.moveTo((message, key) => laneOf(key ?? keyOf(message)).inbox.offers);
    inbox.close();
  }
  for (const { inbox } of all) inbox.admitOffers();
}

function withKeys(batch: FailedBatch, keyOf: Lanes['keyOf']): FailedBatch {
  return { ...batch, keys: batch.messages.map((message, index) => batch.keys?.[index] ?? keyOf(message)) };
}

function groupBy(batch: FailedBatch, laneOf: Lanes['laneOf']): Map<Lane, FailedBatch> {
  const indices = new Map<Lane, number[]>();
  for (const [index, key] of (batch.keys ?? []).entries()) {
    const lane = laneOf(key);
    const own = indices.get(lane);
    if (own === undefined) indices.set(lane, [index]);
    else own.push(index);
  }
  return new Map([...indices].map(([lane, own]) => [lane, pick(batch, own)]));
}
