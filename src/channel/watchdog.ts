import type { ChannelEvent } from '../../machines/channel.ts';
import type { Call } from './call.ts';
import type { Lane } from './lane.ts';

/** Whose calls are watched. */
interface Watched {
  readonly lane: Lane;
  /** The call that is out now; undefined: none is. */
  readonly call: Call | undefined;
  send(event: ChannelEvent): void;
}

/**
 * Sees that no call of `process` lasts for ever: after `slowCallMs` the breaker looks at it, after `processTimeoutMs` its
 * signal aborts and it counts as failed, `abandonAfterMs` later it is given up as hung. One timer watches over many
 * calls: it is set again only when it fires, and not for a call that settles in the pass of the event loop it began in.
 */
export class Watchdog {
  private readonly watched: Watched;
  private timer: unknown;
  /** It waits for the end of this pass. */
  private isAwaiting = false;
  /** When the call whose signal aborted is given up, on the clock. */
  private abandonAt = 0;

  constructor(watched: Watched) {
    this.watched = watched;
  }

  /** A call is out: looks at it when its next deadline passes, unless the timer is set already. */
  watch(): void {
    if (this.timer !== undefined || this.isAwaiting) return;
    this.isAwaiting = true;
    this.watched.lane.services.scheduler.awaitPass(this);
  }

  passEnded(): void {
    const { call } = this.watched;
    if (this.isAwaiting && call !== undefined) this.arm(call);
    this.isAwaiting = false;
  }

  /** When the call that is out is given up, on the clock; undefined: its signal has not aborted. */
  get givesUpAt(): number | undefined {
    return this.watched.call?.details.isTimedOut === true ? this.abandonAt : undefined;
  }

  stop(): void {
    this.watched.lane.services.timers.clearTimeout(this.timer);
    this.timer = undefined;
    this.isAwaiting = false;
  }

  private arm(call: Call): void {
    const { breaker, processTimeoutMs } = call.config;
    const { bus, clock, timers } = this.watched.lane.services;
    const { startedAt } = this.watched.lane.times;
    const now = clock.now();
    const slowAt = startedAt + (breaker === false ? 0 : breaker.slowCallMs);
    const endsAt = call.details.isTimedOut ? this.abandonAt : startedAt + processTimeoutMs;
    const lookAt = slowAt > now ? Math.min(slowAt, endsAt) : endsAt;
    this.timer = timers.setTimeout(() => bus.changes.during(() => this.look()), Math.max(0, lookAt - now));
  }

  private look(): void {
    this.timer = undefined;
    const { call, lane } = this.watched;
    if (call === undefined) return;
    const { breaker, services, times } = lane;
    const { abandonAfterMs, processTimeoutMs } = call.config;
    const now = services.clock.now();
    breaker?.breaker.checkInFlight();
    if (!call.details.isTimedOut && now - times.startedAt >= processTimeoutMs) {
      // Counted from the abort itself, which comes late after the event loop stood still.
      this.abandonAt = now + abandonAfterMs;
      call.timeOut();
      times.end(now);
      breaker?.failed();
    }
    if (call.details.isTimedOut && now >= this.abandonAt)
      this.watched.send({ type: 'call.hung', error: call.timeoutError() });
    else this.arm(call);
  }
}
