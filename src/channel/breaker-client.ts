import type { Breaker } from '../core/breaker.ts';
import type { Caller } from '../core/breaker-change.ts';

/** How much later than others a partition tries a sink that it has just tried, in ms; a constant, so that a reload changes no timer. */
const YIELD_MS = 20;

/** One partition's use of a breaker, which it may share with others: the call that is out, and when to probe. */
export class BreakerClient implements Caller {
  readonly breaker: Breaker;
  epoch = -1;
  startedAt = Number.NaN;
  /** How often the breaker had opened when this partition last brought a probe. */
  private probedIn = Number.NEGATIVE_INFINITY;

  constructor(breaker: Breaker) {
    this.breaker = breaker;
  }

  /** A call goes out. */
  started(at: number): void {
    this.startedAt = at;
    this.breaker.callStarted(this);
  }

  /** The call was delivered, or failed, and took so long. */
  settled(isSuccess: boolean, durationMs: number): void {
    if (isSuccess) this.breaker.callSucceeded(this, durationMs);
    else this.breaker.callFailed(this, durationMs);
  }

  /** The call says nothing about the sink. */
  cancelled(): void {
    this.breaker.callCancelled(this);
  }

  /** Whether a call may go out now; while the breaker is open, only as a probe. `freed` is called when that changes. */
  admits(isProbe: boolean, freed: () => void): boolean {
    const { breaker } = this;
    if (breaker.state === 'closed') return true;
    if (!isProbe || !breaker.probe(freed)) return false;
    this.probedIn = breaker.opened;
    return true;
  }

  /**
   * When the sink may be tried, in ms on the clock; 0 while the breaker is closed. Of several partitions that share a
   * breaker, those come first that have not tried for longest; otherwise a partition that always fails would take every
   * probe and keep the breaker open for all.
   */
  probeAt(isShared: boolean): number {
    const { breaker } = this;
    if (breaker.state === 'closed') return 0;
    return breaker.openUntil + (isShared ? YIELD_MS / Math.max(1, breaker.opened - this.probedIn) : 0);
  }
}
