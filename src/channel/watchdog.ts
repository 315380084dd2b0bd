import type { ChannelEvent } from '../../machines/channel.ts';
import { type Call, timeoutError } from './call.ts';
import type { Slot } from './slot.ts';

/**
 * Sees that no call of `process` lasts for ever: after `slowCallMs` the breaker looks at it, after `processTimeoutMs` its
 * signal aborts and it counts as failed, `abandonAfterMs` later it is given up as hung. One timer watches over many calls:
 * it is set again only when it fires.
 */
export class Watchdog {
  readonly #slot: Slot;
  readonly #tell: (event: ChannelEvent) => void;
  private timer: unknown;

  /** `tell` brings an event to the channel's statechart. */
  constructor(slot: Slot, tell: (event: ChannelEvent) => void) {
    this.#slot = slot;
    this.#tell = tell;
  }

  get isSet(): boolean {
    return this.timer !== undefined;
  }

  /** Looks at this call when its next deadline passes; called while it is not set. */
  watch(call: Call, elapsedMs = 0): void {
    const { breaker, processTimeoutMs, abandonAfterMs } = call.config;
    const slowMs = breaker === false ? 0 : breaker.slowCallMs;
    const looks = [slowMs, processTimeoutMs, processTimeoutMs + abandonAfterMs];
    const nextMs = Math.min(...looks.filter((ms) => ms > elapsedMs));
    this.timer = this.#slot.world.clock.setTimeout(() => this.#check(), nextMs - elapsedMs);
  }

  stop(): void {
    this.#slot.world.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  #check(): void {
    this.timer = undefined;
    const { call } = this.#slot;
    if (call === undefined) return;
    const { processTimeoutMs, abandonAfterMs } = call.config;
    const elapsedMs = this.#slot.world.clock.now() - this.#slot.startedAt;
    this.#slot.breaker?.checkInFlight();
    if (!call.details.isTimedOut && elapsedMs >= processTimeoutMs) {
      call.timeOut();
      this.#slot.breaker?.callFailed(this.#slot, elapsedMs);
    }
    if (elapsedMs >= processTimeoutMs + abandonAfterMs)
      return this.#tell({ type: 'call.hung', error: timeoutError(call) });
    this.watch(call, elapsedMs);
  }
}
