import type { ChannelEvent } from '../../machines/channel.ts';
import type { ChannelPort, Edge, PumpMode } from '../core/channel-port.ts';
import type { AnyChannel, LifeContext } from './processing-channel.ts';
import { Pump } from './pump.ts';
import type { Slot } from './slot.ts';
import { dueInMs, probeInMs } from './waits.ts';

/** What `close` gets at least, even when the deadline of the drain has passed. */
export const CLOSE_MS_MIN = 100;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** One life of a channel, from its start to its end: what its statechart reads and does. A restart makes a new one. */
export class Life implements ChannelPort {
  readonly pump: Pump;
  readonly #slot: Slot;
  readonly #channel: AnyChannel;

  /** `tell` brings an event to the channel's statechart. */
  constructor(slot: Slot, channel: AnyChannel, tell: (event: ChannelEvent) => void) {
    this.#slot = slot;
    this.#channel = channel;
    this.pump = new Pump(slot, channel, tell);
  }

  get isPaused(): boolean {
    return this.#slot.isPaused || this.#slot.isRetiring;
  }

  get isTripped(): boolean {
    return this.#slot.breaker !== undefined && this.#slot.breaker.state !== 'closed';
  }

  get hasWork(): boolean {
    return this.#slot.depth > 0;
  }

  /** Also while a call is in flight from before a pause: only a delivering state hears how it ends. */
  get isDue(): boolean {
    return this.#slot.batch.length > 0 || this.#slot.recovery.size > 0 || this.#slot.dueTrigger() !== undefined;
  }

  get isIsolating(): boolean {
    return this.#slot.recovery.isIsolating;
  }

  get mustWait(): boolean {
    return this.retryInMs > 0;
  }

  get warmUpTimeoutMs(): number {
    return this.#slot.config.warmUpTimeoutMs;
  }

  get dueInMs(): number {
    return dueInMs(this.#slot);
  }

  get retryInMs(): number {
    const { recovery, retryAt, world } = this.#slot;
    return Math.max(recovery.size === 0 ? 0 : retryAt - world.clock.now(), this.coolDownInMs);
  }

  /** Never more than a host's `setTimeout` can wait: a longer one would fire at once. */
  get coolDownInMs(): number {
    return Math.min(probeInMs(this.#slot), TIMEOUT_MS_MAX);
  }

  get drainInMs(): number {
    return Math.max(0, this.#slot.drainBy - this.#slot.world.clock.now());
  }

  get closeInMs(): number {
    return Math.max(CLOSE_MS_MIN, this.drainInMs);
  }

  async warmUp(signal: AbortSignal): Promise<void> {
    await this.#channel.warmUp?.(this.#context(signal));
  }

  /** Never beside a call that has not settled: `close` may free what that call uses. */
  async close(signal: AbortSignal): Promise<void> {
    await this.#slot.whenSettled();
    if (signal.aborted) return;
    try {
      await this.#channel.close?.(this.#context(signal));
    } catch (error) {
      this.#slot.world.bus.fault('close', error, this.#slot.config.name);
    }
  }

  /** Entering a state that watches comes before the end of the pump it left, so it ends that itself. */
  watch(edge: Edge): void {
    this.pump.watchFor(edge);
  }

  startPump(mode: PumpMode): void {
    this.pump.start(mode);
  }

  stopPump(): void {
    this.pump.stop();
  }

  #context(signal: AbortSignal): LifeContext {
    const { config, world } = this.#slot;
    const logger = world.logger.child({ channel: this.#slot.id });
    return { rules: config.eventRules, signal, logger, emit: (event) => this.#slot.emit(event) };
  }
}
