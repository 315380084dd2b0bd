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

  constructor(watched: Watched) {
    this.watched = watched;
  }

  /** Looks at this call when its next deadline passes, unless the timer is set already. */
  watch(call: Call): void {
    if (this.timer === undefined) this.arm(call, 0);
  }

  stop(): void {
    this.watched.lane.services.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm({ config }: Call, elapsedMs: number): void {
    const { abandonAfterMs, breaker, processTimeoutMs } = config;
    const slowMs = breaker === false ? 0 : breaker.slowCallMs;
    const looks = [slowMs, processTimeoutMs, processTimeoutMs + abandonAfterMs].filter((ms) => ms > elapsedMs);
    const { bus, clock } = this.watched.lane.services;
    this.timer = clock.setTimeout(() => bus.changes.during(() => this.look()), Math.min(...looks) - elapsedMs);
  }

  private look(): void {
    this.timer = undefined;
    const { call, lane } = this.watched;
    if (call === undefined) return;
    const { breaker, services, times } = lane;
    const { abandonAfterMs, processTimeoutMs } = call.config;
    const now = services.clock.now();
    const elapsedMs = now - times.startedAt;
    breaker?.breaker.checkInFlight();
    if (!call.isTimedOut && elapsedMs >= processTimeoutMs) {
      call.timeOut();
      times.end(now);
      breaker?.failed();
    }
    const isHung = elapsedMs >= processTimeoutMs + abandonAfterMs;
    if (isHung) this.watched.send({ type: 'call.hung', error: call.timeoutError() });
    else this.arm(call, elapsedMs);
  }
}
