import type { CallTimes } from '../core/call-times.ts';
import type { Clock } from '../core/clock.ts';
import type { BreakerClient } from './breaker-client.ts';
import type { Call } from './call.ts';

/**
 * Sees that no call of `process` lasts for ever: after `slowCallMs` the breaker looks at it, after `processTimeoutMs` its
 * signal aborts and it counts as failed, `abandonAfterMs` later it is given up as hung. One timer watches over many
 * calls: it is set again only when it fires.
 */
export class Watchdog {
  private readonly clock: Clock;
  private readonly breaker: BreakerClient | undefined;
  private readonly callOut: () => Call | undefined;
  private readonly times: CallTimes;
  private readonly hung: (error: Error) => void;
  private timer: unknown;

  /** `callOut` is the call that is out now, if there is one; `hung` is called with what is wrong with it. */
  constructor(
    clock: Clock,
    breaker: BreakerClient | undefined,
    callOut: () => Call | undefined,
    times: CallTimes,
    hung: (error: Error) => void,
  ) {
    this.clock = clock;
    this.breaker = breaker;
    this.callOut = callOut;
    this.times = times;
    this.hung = hung;
  }

  /** Looks at this call when its next deadline passes, unless the timer is set already. */
  watch(call: Call, elapsedMs = 0): void {
    if (this.timer !== undefined) return;
    const { breaker, processTimeoutMs, abandonAfterMs } = call.config;
    const slowMs = breaker === false ? 0 : breaker.slowCallMs;
    const looks = [slowMs, processTimeoutMs, processTimeoutMs + abandonAfterMs];
    const nextMs = Math.min(...looks.filter((ms) => ms > elapsedMs));
    this.timer = this.clock.setTimeout(() => this.check(), nextMs - elapsedMs);
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private check(): void {
    this.timer = undefined;
    const call = this.callOut();
    if (call === undefined) return;
    const { processTimeoutMs, abandonAfterMs } = call.config;
    const elapsedMs = this.clock.now() - this.times.startedAt;
    this.breaker?.breaker.checkInFlight();
    if (!call.isTimedOut && elapsedMs >= processTimeoutMs) {
      call.timeOut();
      this.times.end(this.clock.now());
      this.breaker?.failed();
    }
    if (elapsedMs >= processTimeoutMs + abandonAfterMs) this.hung(call.timeoutError());
    // A listener of the breaker may have ended this life, and the call with it.
    else if (!call.isOver) this.watch(call, elapsedMs);
  }
}
