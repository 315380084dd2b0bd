import type { ChannelEvent } from '../../machines/channel.ts';
import type { Edge, PumpMode } from '../core/channel-port.ts';
import { Counter } from '../core/counters.ts';
import type { Gap } from '../core/gap-log.ts';
import type { Trigger } from '../core/trigger.ts';
import type { TurnTaker } from '../core/turns.ts';
import { Call } from './call.ts';
import type { AnyChannel } from './processing-channel.ts';
import { settle } from './settlement.ts';
import type { Slot } from './slot.ts';
import { Watchdog } from './watchdog.ts';

/** How long `flushing` lasts after its last batch: leaving it at every pause would cost two transitions a batch. */
const QUIET_MS = 2;
const NO_GAPS: readonly Gap[] = Object.freeze([]);

/**
 * The data plane of one life of a channel: hands batches to `process`, strictly one after the other, while its
 * statechart permits it. A call in flight is the pump's own affair: no transition aborts it. A restart makes a new pump
 * on the same slot.
 */
export class Pump implements TurnTaker {
  readonly slot: Slot;
  readonly #channel: AnyChannel;
  readonly #tell: (event: ChannelEvent) => void;
  isQueued = false;
  queuedAt = 0;
  #mode: PumpMode | undefined = undefined;
  #isDiscarded = false;
  #quietTimer: unknown;
  readonly #watchdog: Watchdog;
  #callsWhenQuiet = 0;
  /** It has nothing to do until the mailbox tells it of more. */
  #isWatching = false;

  /** `tell` brings an event to the channel's statechart. */
  constructor(slot: Slot, channel: AnyChannel, tell: (event: ChannelEvent) => void) {
    this.slot = slot;
    this.#channel = channel;
    this.#tell = tell;
    this.#watchdog = new Watchdog(slot, (error) => tell({ type: 'call.hung', error }));
  }

  get priority(): number {
    return this.slot.config.priority;
  }

  /** Permits delivery; a call in flight goes on whatever the statechart does. */
  start(mode: PumpMode): void {
    this.#mode = mode;
    // What goes on will show whether the suspects or the sink are at fault: the search for poison behind them, or a call
    // that is still out from before a pause.
    if (mode !== 'isolate' && this.slot.call === undefined) this.slot.recovery.restore();
    this.slot.world.turns.request(this);
  }

  stop(): void {
    if (this.#isWatching) this.#watch('none');
    this.#mode = undefined;
    this.#clearQuietTimer();
    if (this.slot.call === undefined) this.#watchdog.stop();
  }

  /** Something may be due: priority 1 is delivered at once, the others ask for a turn. */
  readonly wake = (): void => {
    if (this.#mode === undefined || this.slot.call !== undefined) return;
    const { turns } = this.slot.world;
    if (this.priority > 1) return turns.request(this);
    while (this.step()) {
      if (turns.isSliceOver(turns.now)) return turns.request(this);
    }
  };

  /** This life failed: what is in flight goes back to the head, and its outcome will be late. */
  discard(): void {
    const call = this.slot.call?.isOver === false ? this.slot.call : undefined;
    this.letGo();
    if (call !== undefined) {
      this.#end();
      this.slot.counters[Counter.inFlight] -= call.messages.length;
      this.slot.recovery.putBack(call.attempted());
    }
    this.slot.recovery.restore();
  }

  /** This life is over: what is in flight stays unknown, and its outcome will be late. */
  letGo(): void {
    this.stop();
    this.#isDiscarded = true;
    this.#watchdog.stop();
    // One that is over is just being settled, and a listener brought this about.
    const { call } = this.slot;
    if (call === undefined || call.isOver) return;
    call.isOver = true;
    call.timeOut();
    // Others may wait for the permit of a probe that nobody will tell of.
    this.slot.breaker?.callCancelled(call.ticket);
  }

  step(): boolean {
    const mode = this.#mode;
    if (mode === undefined || this.slot.call !== undefined) return false;
    const trigger = this.#trigger(mode);
    const call = trigger === undefined ? undefined : this.#nextCall(mode, trigger);
    if (call !== undefined) return this.#deliver(call);
    // Only the breaker holds it up: it is told when that changes.
    if (trigger === undefined) this.#rest(mode);
    else this.#awaitCoolDown();
    return false;
  }

  /** Takes what comes next: what failed before goes first. */
  #nextCall(mode: PumpMode, trigger: Trigger): Call | undefined {
    const { slot } = this;
    // Whoever let it step has just read the clock: the slot for a message, the turns, or the end of the call before.
    const { now } = slot.world.turns;
    const ticket = this.#admit(mode, now);
    if (ticket === undefined) return undefined;
    const limit = slot.breaker?.batchLimit(slot.config.batchSize) ?? slot.config.batchSize;
    const held = slot.recovery.take(limit);
    const acceptedAt = held?.acceptedAt ?? slot.mailbox.oldestAcceptedAt;
    const messages = held?.messages ?? slot.takeBatch(limit, now);
    const gaps = slot.gaps.isEmpty ? NO_GAPS : slot.gaps.take();
    const call = new Call(slot, messages, acceptedAt, held, trigger, gaps, now, ticket);
    slot.begin(call);
    if (held === undefined) slot.counters[Counter[trigger]] += 1;
    else {
      slot.counters[Counter.retries] += 1;
      // Trials and the search for poison have bounds of their own.
      if (trigger !== 'probe' && !held.isSplit) slot.retryBudget.spend();
    }
    if (gaps !== NO_GAPS) slot.publishGaps(gaps);
    slot.admitWaiters();
    return call;
  }

  #trigger(mode: PumpMode): Trigger | undefined {
    const { recovery, mailbox } = this.slot;
    if (mode === 'isolate' && !recovery.isIsolating && !recovery.hasSuspects) return undefined;
    if (recovery.hasSegments) return mode === 'drain' || mode === 'probe' ? mode : 'size';
    if (mailbox.size === 0) return undefined;
    if (mode === 'drain' || mode === 'probe') return mode;
    return recovery.hasSuspects ? 'probe' : this.slot.dueTrigger();
  }

  #deliver(call: Call): boolean {
    // Who was told of its gaps has ended this life: the batch is at the head again.
    if (call.isOver) return false;
    let result: unknown;
    let isPending: boolean;
    try {
      // A copy: a handler that empties its batch and then fails must not take the messages with it.
      const { messages } = call;
      result = this.#channel.process(messages.length === 1 ? [messages[0]] : messages.slice(), call);
      // Even to look for a `then` runs code of the host's.
      isPending = isThenable(result);
    } catch (error) {
      return this.#settled(call, error, false);
    }
    if (!isPending) return this.#settled(call, undefined, true);
    // Whoever settles it looks for more.
    if (this.#isWatching) this.#watch('none');
    Promise.resolve(result).then(this.#onFulfilled, this.#onRejected);
    if (!this.#isDiscarded) this.#watchdog.watch(call);
    return false;
  }

  // Bound once: a call at a time needs no closure of its own.
  readonly #onFulfilled = (): void => this.#settledLater(undefined, true);
  readonly #onRejected = (error: unknown): void => this.#settledLater(error, false);

  #settledLater(error: unknown, isSuccess: boolean): void {
    const call = this.slot.call;
    if (this.#isDiscarded || call === undefined) return this.slot.countLate();
    const { turns } = this.slot.world;
    if (this.#settled(call, error, isSuccess)) turns.proceed(this);
    else turns.release();
  }

  /** True: another batch may follow at once. */
  #settled(call: Call, error: unknown, isSuccess: boolean): boolean {
    // The handler itself may have ended this life: what was in flight has gone back to the head.
    if (call.isOver) {
      this.slot.countLate();
      return false;
    }
    call.isOver = true;
    // Whoever is told of the outcome may route: until all of it is settled, the next call has to wait.
    const { suspects } = this.slot.recovery;
    const goesOn = settle(call, error, isSuccess);
    this.#end();
    // A call from before may end while the statechart waits for the next attempt: that comes when it was announced.
    if (this.#mode === undefined) return false;
    const { slot } = this;
    if (isSuccess && goesOn) slot.retryAt = 0;
    if (this.#mode === 'drain') slot.world.bus.publish('drain.progressed', { channel: slot.id, left: slot.depth });
    // The search for poison is a state of its own.
    const isSearch = !isSuccess && this.#mode === 'flush' && this.slot.recovery.isIsolating;
    if (!goesOn || isSearch) {
      this.#tell({ type: 'batch.failed' });
      return false;
    }
    // At once: whoever shares the breaker must not fail between a suspect and what may show that it is poison.
    if (this.#trigger(this.#mode) !== undefined)
      return slot.recovery.suspects <= suspects || slot.breaker?.state !== 'half-open' || this.step();
    this.#rest(this.#mode);
    return false;
  }

  #end(): void {
    if (this.#mode === undefined) this.#watchdog.stop();
    this.slot.endBatch();
  }

  /** The breaker's ticket for one more call; undefined: it lets none through now. */
  #admit(mode: PumpMode, now: number): number | undefined {
    const { breaker } = this.slot;
    if (breaker === undefined) return 0;
    if (breaker.state !== 'closed') {
      if ((mode !== 'probe' && mode !== 'drain') || !breaker.probe(this.#requestTurn)) return undefined;
      this.slot.probedIn = breaker.opened;
    }
    return breaker.callStarted(now);
  }

  readonly #requestTurn = (): void => this.slot.world.turns.request(this);

  /** Nothing is due. */
  #rest(mode: PumpMode): void {
    if (!this.#isWatching) this.#watch(mode === 'flush' ? 'full' : 'first');
    const { recovery } = this.slot;
    if (recovery.hasSuspects) {
      // Nothing is left that could show whether they or the sink are at fault: they wait at the head.
      recovery.restore();
      this.slot.retryAt = Math.max(this.slot.retryAt, this.slot.world.clock.now() + this.slot.config.retry.delayMs);
      this.#tell({ type: 'batch.failed' });
    } else if (mode === 'isolate') this.#tell({ type: 'isolation.finished' });
    else if (mode === 'drain') this.#tell({ type: 'delivery.quieted' });
    else if (mode === 'flush') this.#armQuietTimer();
  }

  #watch(edge: Edge): void {
    this.#isWatching = edge !== 'none';
    this.slot.watch(edge, this.wake);
  }

  /** The statechart's clock may be the host's, whose timers can fire a moment before the cool-down is over on ours. */
  #awaitCoolDown(): void {
    const leftMs = this.slot.breaker?.coolDownLeftMs() ?? 0;
    if (leftMs === 0) return;
    this.#clearQuietTimer();
    this.#quietTimer = this.slot.world.clock.setTimeout(this.#requestTurn, leftMs);
  }

  /** One timer watches over many batches: it is set again only after it fired. */
  #armQuietTimer(): void {
    if (this.#quietTimer !== undefined) return;
    this.#callsWhenQuiet = this.slot.counters[Counter.calls];
    // A message that comes meanwhile may be due sooner than the spell ends.
    const ms = Math.min(QUIET_MS, this.slot.config.timeoutMs, this.slot.dueInMs);
    this.#quietTimer = this.slot.world.clock.setTimeout(() => {
      this.#quietTimer = undefined;
      if (this.slot.call !== undefined) return;
      if (this.slot.dueTrigger() !== undefined) this.slot.world.turns.request(this);
      else if (this.slot.counters[Counter.calls] !== this.#callsWhenQuiet) this.#armQuietTimer();
      else this.#tell({ type: 'delivery.quieted' });
    }, ms);
  }

  #clearQuietTimer(): void {
    if (this.#quietTimer === undefined) return;
    this.slot.world.clock.clearTimeout(this.#quietTimer);
    this.#quietTimer = undefined;
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
