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
 * calls: it is set again only when it fires.
 */
export class Watchdog {
  private readonly watched: Watched;
  private timer: unknown;
  /** When the call whose signal aborted is given up, on the clock. */
  private abandonAt = 0;

  constructor(watched: Watched) {
    this.watched = watched;
  }

  /** Looks at this call when its next deadline passes, unless the timer is set already. */
  watch(call: Call): void {
    if (this.timer === undefined) this.arm(call);
  }

  /** When the call that is out is given up, on the clock; undefined: its signal has not aborted. */
  get givesUpAt(): number | undefined {
    return this.watched.call?.details.isTimedOut === true ? this.abandonAt : undefined;
  }

  stop(): void {
    this.watched.lane.services.timers.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(call: Call): void {
    const { breaker, processTimeoutMs } = call.config;
    const { bus, clock, timers } = this.watched.lane.services;
    const { startedAt } = this.watched.lane.times;
    const now = clock.now();
    const slowAt = startedAt + (breaker === false ? 0 : breaker.slowCallMs);
    const looks = [slowAt, call.details.isTimedOut ? this.abandonAt : startedAt + processTimeoutMs].filter(
      (at) => at > now,
    );
    this.timer = timers.setTimeout(() => bus.changes.during(() => this.look()), Math.min(...looks) - now);
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
