import type { Clock } from './clock.ts';
import type { Keys } from './mailbox.ts';
import { isOver, type Origin, type Origins } from './origin.ts';

/** Messages that failed together and will be tried again together. */
export interface FailedBatch {
  readonly messages: readonly unknown[];
  /** Undefined: none has one. */
  readonly origins?: Origins | undefined;
  /** Read from the messages as they came, where a payload may show its key no more; undefined: none is known. */
  readonly keys?: Keys | undefined;
  /** How often they were handed to `process`. */
  readonly attempts: number;
  /** When the oldest of them was accepted. */
  readonly acceptedAt: number;
  /** Part of a batch that is being split to find the poison in it. */
  readonly isSplit: boolean;
  /** It was quarantined before, and nothing showed whether it or the sink was at fault. */
  readonly wasQuarantined: boolean;
  readonly error: unknown;
}

/** Most channels never have a quarantine. It is replaced, and never changed. */
const NONE: FailedBatch[] = [];

/**
 * What failed and comes again, ahead of the mailbox and in order. It outlives restarts of the channel.
 *
 * A single message that has used up its attempts is *quarantined* until something after it is delivered (then the sink
 * works and the message is poison) or something after it fails too (then the sink is down, and the quarantined messages
 * go back to the head in order). Finding k poison messages among n takes O(k·log n) calls: each is reached by halving.
 * What came in a stay of a source that has ended is not tried again.
 */
export class Recovery {
  /** When the next attempt is due, in ms on the clock. */
  retryAt = 0;
  /** Until when the sink asked not to be tried, in ms on the clock. */
  sinkRestsUntil = 0;
  /** When the drain ends, in ms on the clock; 0 while there is none. */
  hurryBy = 0;
  private batches: FailedBatch[] = [];
  private quarantine = NONE;
  /** Messages held here. */
  size = 0;
  private readonly returned: (origin: Origin | undefined) => void;

  /** `returned`: told of each message that is not tried again, because the stay of its origin has ended. */
  constructor(returned: (origin: Origin | undefined) => void = () => {}) {
    this.returned = returned;
  }

  /** Nothing is held here, and no attempt is awaited. */
  get isIdle(): boolean {
    return this.size === 0 && this.retryAt === 0;
  }

  /** Something is here that can be tried. */
  get hasBatches(): boolean {
    return this.batches.length > 0;
  }

  /** How many batches are in quarantine. */
  get quarantined(): number {
    return this.quarantine.length;
  }

  get isIsolating(): boolean {
    return this.batches[0]?.isSplit ?? false;
  }

  /** When the oldest message here was accepted. */
  get oldestAcceptedAt(): number | undefined {
    return (this.quarantine[0] ?? this.batches[0])?.acceptedAt;
  }

  /** What the last attempt at the oldest message here said. */
  get lastError(): unknown {
    return (this.quarantine[0] ?? this.batches[0])?.error;
  }

  /** Each batch here, in order. */
  get all(): readonly FailedBatch[] {
    return [...this.quarantine, ...this.batches];
  }

  /** The next attempt is not due before `retryAt`, and the sink asked for a rest until `restUntil`. */
  postpone(retryAt: number, restUntil = this.sinkRestsUntil): void {
    this.retryAt = retryAt;
    this.sinkRestsUntil = restUntil;
  }

  /** The sink asked somebody not to be tried until then: nothing is tried sooner, whether or not something is held here. */
  rest(until: number): void {
    this.postpone(Math.max(this.retryAt, until), Math.max(this.sinkRestsUntil, until));
  }

  /** The sink asked not to be tried yet. */
  sinkRests(clock: Pick<Clock, 'now'>): boolean {
    return this.sinkRestsUntil > 0 && this.sinkRestsUntil > clock.now();
  }

  /** An attempt went well: the next one is due at once, or when the rest that the sink asked for is over. */
  goOn(now: number): void {
    this.retryAt = this.sinkRestsUntil > now ? this.sinkRestsUntil : 0;
  }

  /** No wait goes on: the next attempt may come at once. */
  endWait(): void {
    this.postpone(0, 0);
  }

  /** A drain ends at `by`, on the clock. */
  hurry(by: number): void {
    this.endWait();
    this.hurryBy = by;
  }

  /** Takes the next batch, cut to `limit` messages. */
  take(limit: number): FailedBatch | undefined {
    const head = this.batches.shift();
    if (head === undefined) return undefined;
    this.size -= head.messages.length;
    if (head.messages.length <= limit) return head;
    this.pushFront(partOf(head, limit));
    return partOf(head, 0, limit);
  }

  /** Puts a batch back at the head. */
  putBack(batch: FailedBatch): void {
    this.pushFront(this.withoutEnded(batch));
  }

  /** Puts the halves of a batch back at the head, to be tried one after the other. */
  split(failed: FailedBatch): void {
    const batch = this.withoutEnded(failed);
    const middle = Math.ceil(batch.messages.length / 2);
    this.pushFront({ ...partOf(batch, middle), isSplit: true });
    this.pushFront({ ...partOf(batch, 0, middle), isSplit: true });
  }

  /** Sets a batch aside. */
  setAside(failed: FailedBatch): void {
    const batch = this.withoutEnded(failed);
    if (batch.messages.length === 0) return;
    if (this.quarantine === NONE) this.quarantine = [batch];
    else this.quarantine.push(batch);
    this.size += batch.messages.length;
  }

  /** A batch without the messages whose stay has ended: these are not tried again. */
  withoutEnded(batch: FailedBatch): FailedBatch {
    const { origins } = batch;
    if (origins === undefined || !origins.some(isOver)) return batch;
    for (const origin of origins) if (isOver(origin)) this.returned(origin);
    return pick(
      batch,
      [...origins.keys()].filter((index) => !isOver(origins[index])),
    );
  }

  /** Some stay has ended: its messages leave. */
  returnEnded(): void {
    const left = (batches: readonly FailedBatch[]): FailedBatch[] =>
      batches.map((batch) => this.withoutEnded(batch)).filter(({ messages }) => messages.length > 0);
    this.batches = left(this.batches);
    this.quarantine = left(this.quarantine);
    this.size = [...this.batches, ...this.quarantine].reduce((sum, { messages }) => sum + messages.length, 0);
  }

  /** Something was delivered after them: what is in quarantine is poison, and leaves. */
  takePoison(): readonly FailedBatch[] {
    const poison = this.quarantine;
    this.quarantine = NONE;
    for (const batch of poison) this.size -= batch.messages.length;
    return poison;
  }

  /** No evidence came: what is in quarantine goes back to the head, in order. */
  restore(): void {
    if (this.quarantine.length === 0) return;
    const restored = this.quarantine.map((batch) => ({ ...batch, wasQuarantined: true }));
    this.quarantine = NONE;
    this.batches = restored.concat(this.batches);
  }

  /** Empties it, in order. */
  takeAll(): readonly FailedBatch[] {
    this.restore();
    this.size = 0;
    return this.batches.splice(0);
  }

  /** Puts a batch behind the others: it was taken out of another recovery, in order. */
  append(batch: FailedBatch): void {
    this.batches.push(batch);
    this.size += batch.messages.length;
  }

  private pushFront(batch: FailedBatch): void {
    if (batch.messages.length === 0) return;
    this.batches.unshift(batch);
    this.size += batch.messages.length;
  }
}

/** The messages of a batch from one index to another, with their origins and keys. */
function partOf(batch: FailedBatch, from: number, to?: number): FailedBatch {
  return chosen(batch, (items) => items.slice(from, to));
}

/** The messages of a batch at these indices, with their origins and keys. */
export function pick(batch: FailedBatch, indices: readonly number[]): FailedBatch {
  return chosen(batch, (items) => indices.map((index) => items[index]));
}

function chosen(batch: FailedBatch, choose: <Item>(items: readonly Item[]) => (Item | undefined)[]): FailedBatch {
  const { messages, origins, keys } = batch;
  return { ...batch, messages: choose(messages), origins: origins && choose(origins), keys: keys && choose(keys) };
}
