/** Messages that failed together and will be tried again together. */
export interface Segment {
  readonly messages: readonly unknown[];
  /** How often they were handed to `process`. */
  readonly attempts: number;
  /** When the oldest of them was accepted. */
  readonly acceptedAt: number;
  /** Part of a batch that is being split to find the poison in it. */
  readonly isSplit: boolean;
  /** It was set aside before, and nothing showed whether it or the sink was at fault. */
  readonly isSuspect: boolean;
  readonly error: unknown;
}

/** What to do after a failed attempt. */
export type Verdict =
  /** Wait out the backoff, then try the same segment. */
  | 'retry'
  /** Go on with the parts. */
  | 'isolate'
  /** It is set aside; what is tried next will show whether it or the sink is at fault. */
  | 'suspect'
  /** Given up: dead letters. */
  | 'condemn';

/** The part of the configuration that decides how a failure is treated. */
export interface RecoveryRules {
  /** Attempts before a segment counts as exhausted, at least 1. */
  readonly attempts: number;
  readonly isolate: boolean;
  /** False only without a breaker: then the attempts alone decide. */
  readonly needsEvidence: boolean;
}

/**
 * What failed and comes again, ahead of the mailbox and in order. It belongs to the slot and outlives restarts.
 *
 * A single message that has used up its attempts is a *suspect*: set aside until something after it is delivered (then
 * the sink works and the message is poison) or something after it fails too (then the sink is down, and the suspects
 * go back to the head in order). Finding k poison messages among n takes O(k·log n) calls: each is reached by halving.
 */
export class Recovery {
  private readonly segments: Segment[] = [];
  private readonly setAside: Segment[] = [];
  private count = 0;

  /** Messages held here. */
  get size(): number {
    return this.count;
  }

  get hasSegments(): boolean {
    return this.segments.length > 0;
  }

  /** Segments that are set aside. */
  get suspects(): number {
    return this.setAside.length;
  }

  get hasSuspects(): boolean {
    return this.setAside.length > 0;
  }

  get isIsolating(): boolean {
    return this.segments[0]?.isSplit ?? false;
  }

  /** When the oldest message here was accepted. */
  get oldestAcceptedAt(): number | undefined {
    return (this.setAside[0] ?? this.segments[0])?.acceptedAt;
  }

  /** What the last attempt at the oldest message here said. */
  get lastError(): unknown {
    return (this.setAside[0] ?? this.segments[0])?.error;
  }

  /** Takes the next segment, cut to `limit` messages. */
  take(limit: number): Segment | undefined {
    const head = this.hasSegments ? this.segments.shift() : undefined;
    if (head === undefined) return undefined;
    this.count -= head.messages.length;
    if (head.messages.length <= limit) return head;
    this.putBack({ ...head, messages: head.messages.slice(limit) });
    return { ...head, messages: head.messages.slice(0, limit) };
  }

  /** Puts a segment back at the head as it is: its call said nothing about it. */
  putBack(segment: Segment): void {
    if (segment.messages.length === 0) return;
    this.segments.unshift(segment);
    this.count += segment.messages.length;
  }

  /** Decides about a failed segment; on `condemn` the caller makes dead letters of it, else it is held here. */
  failed(segment: Segment, rules: RecoveryRules, isRetryable: boolean): Verdict {
    const isExhausted = !isRetryable || segment.isSplit || segment.attempts >= rules.attempts;
    if (!isExhausted) {
      this.putBack(segment);
      this.restore();
      return 'retry';
    }
    if (segment.messages.length > 1 && rules.isolate) {
      const middle = Math.ceil(segment.messages.length / 2);
      this.putBack({ ...segment, isSplit: true, messages: segment.messages.slice(middle) });
      this.putBack({ ...segment, isSplit: true, messages: segment.messages.slice(0, middle) });
      return 'isolate';
    }
    if (!isRetryable || !rules.needsEvidence) return 'condemn';
    this.setAside.push(segment);
    this.count += segment.messages.length;
    return 'suspect';
  }

  /** Something was delivered: whoever failed before it and is set aside is poison. */
  takeCondemned(): readonly Segment[] {
    const condemned = this.setAside.splice(0);
    for (const segment of condemned) this.count -= segment.messages.length;
    return condemned;
  }

  /** No evidence came: the suspects go back to the head, in order. */
  restore(): void {
    if (this.setAside.length === 0) return;
    this.segments.unshift(...this.setAside.splice(0).map((segment) => ({ ...segment, isSuspect: true })));
  }

  /** Empties it, in order. */
  takeAll(): readonly Segment[] {
    this.restore();
    this.count = 0;
    return this.segments.splice(0);
  }

  /** Puts a segment behind the others: it was taken out of another recovery, in order. */
  append(segment: Segment): void {
    this.segments.push(segment);
    this.count += segment.messages.length;
  }
}
