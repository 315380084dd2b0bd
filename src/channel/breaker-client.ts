import type { Breaker } from '../core/breaker.ts';
import type { Caller } from '../core/breaker-change.ts';
import type { CallTimes } from '../core/call-times.ts';

/** How much later than others a partition tries a sink that it has just tried, in ms; a constant, so that a reload changes no timer. */
const YIELD_MS = 20;

/** One partition's use of a breaker, which it may share with others: the call that is out, and when to probe. */
export class BreakerClient implements Caller {
  readonly breaker: Breaker;
  private readonly times: CallTimes;
  epoch = -1;
  /** How often the breaker had opened when this partition last brought a probe. */
  private probedIn = Number.NEGATIVE_INFINITY;

  constructor(breaker: Breaker, times: CallTimes) {
    this.breaker = breaker;
    this.times = times;
  }

  get isClosed(): boolean {
    return this.breaker.state === 'closed';
  }

  get startedAt(): number {
    return this.times.startedAt;
  }

  /** A call goes out. */
  started(): void {
    this.epoch = this.breaker.epoch;
  }

  succeeded(): void {
    const { epoch: admittedIn, breaker, times } = this;
    this.epoch = -1;
    // One more quick success changes nothing in a breaker that remembers nothing else.
    if (!breaker.isPristine || admittedIn !== breaker.epoch || times.durationMs >= breaker.limits.slowCallMs) {
      breaker.callEnded(admittedIn, true, times);
    }
  }

  failed(): void {
    this.breaker.callEnded(this.report(), false, this.times);
  }

  /** The sink refused for good, so it works: a probe has passed. */
  answered(): void {
    if (this.breaker.state === 'half-open') this.succeeded();
    else this.canceled();
  }

  /** The call says nothing about the sink. */
  canceled(): void {
    this.breaker.callCanceled(this.report());
  }

  /** Whether a call may go out now; while the breaker is open, only as a probe. A turn is requested when that changes. */
  admits(isProbe: boolean, refused: { requestTurn(): void }): boolean {
    const { breaker } = this;
    if (breaker.state === 'closed') return true;
    if (!isProbe || !breaker.probe(refused)) return false;
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

  /** The epoch of the call whose outcome is reported now; what comes of it afterwards is late. */
  private report(): number {
    const { epoch: admittedIn } = this;
    this.epoch = -1;
    return admittedIn;
  }
}
