import type { ChannelEvent } from '../../machines/channel.ts';
import type { Edge, PumpMode } from '../core/channel-port.ts';
import { Counter } from '../core/counters.ts';
import type { TurnTaker } from '../core/turns.ts';
import { Call, Context } from './call.ts';
import { begin, isAdmitted, takeBatch, triggerOf } from './dispatch.ts';
import type { AnyChannel } from './processing-channel.ts';
import { promiseOf } from './promise-of.ts';
import { settleFailure, settlePlain, settleSuccess } from './settlement.ts';
import type { Slot } from './slot.ts';
import { dueInMs } from './waits.ts';
import { Watchdog } from './watchdog.ts';

/** How long `flushing` lasts after its last batch: leaving it at every pause would cost two transitions a batch. */
const QUIET_MS = 2;

/**
 * The data plane of one life of a channel: hands batches to `process`, strictly one after the other, while its
 * statechart permits it. A call in flight is the pump's own affair: no transition aborts it. A restart makes a new pump
 * on the same slot.
 */
export class Pump implements TurnTaker {
  readonly slot: Slot;
  private readonly channel: AnyChannel;
  private readonly tell: (event: ChannelEvent) => void;
  isQueued = false;
  queuedAt = 0;
  private mode: PumpMode | undefined = undefined;
  private isDiscarded = false;
  private quietTimer: unknown;
  private readonly watchdog: Watchdog;
  private callsWhenQuiet = 0;
  /** It has nothing to do until the mailbox tells it of more. */
  private isWatching = false;
  private edge: Edge = 'none';

  /** `tell` brings an event to the channel's statechart. */
  constructor(slot: Slot, channel: AnyChannel, tell: (event: ChannelEvent) => void) {
    this.slot = slot;
    this.channel = channel;
    this.tell = tell;
    this.watchdog = new Watchdog(slot, tell);
  }

  get priority(): number {
    return this.slot.config.priority;
  }

  /** Permits delivery; a call in flight goes on whatever the statechart does. */
  start(mode: PumpMode): void {
    this.mode = mode;
    // What goes on will show whether the suspects or the sink are at fault: the search for poison behind them, or a call
    // that is still out from before a pause.
    if (mode !== 'isolate' && this.slot.call === undefined) this.slot.recovery.restore();
    this.slot.turns.request(this);
  }

  stop(): void {
    if (this.isWatching) this.watch('none');
    this.mode = undefined;
    this.clearQuietTimer();
    if (this.slot.call === undefined) this.watchdog.stop();
  }

  /** Something may be due: priority 1 is delivered at once, the others ask for a turn. */
  depthReached(): void {
    if (this.edge !== 'none') this.tellOf(this.edge);
    if (this.mode === undefined || this.slot.call !== undefined) return;
    const { config, world } = this.slot;
    if (config.priority > 1) return world.turns.request(this);
    while (this.step()) {
      if (world.turns.isOver()) return world.turns.request(this);
    }
  }

  /** The statechart wants to hear of an edge. */
  watchFor(edge: Edge): void {
    this.stop();
    this.edge = edge;
    this.slot.watch(edge, this);
  }

  private tellOf(edge: Edge): void {
    this.edge = 'none';
    this.slot.watch('none');
    this.tell({ type: edge === 'first' ? 'message.waiting' : 'batch.full' });
    // A transition takes a while.
    this.slot.turns.read();
  }

  /** This life failed: what is in flight goes back to the head, and its outcome will be late. */
  discard(): void {
    const call = this.slot.call?.isOver === false ? this.slot.call : undefined;
    this.letGo();
    if (call !== undefined) {
      this.slot.counters[Counter.inFlight] -= call.size;
      this.slot.recovery.putBack(call.attempted());
      this.slot.endBatch();
    }
    this.slot.recovery.restore();
  }

  /** This life is over: what is in flight stays unknown, and its outcome will be late. */
  letGo(): void {
    this.stop();
    this.isDiscarded = true;
    this.watchdog.stop();
    // One that is over is just being settled, and a listener brought this about.
    const { call } = this.slot;
    if (call === undefined || call.isOver) return;
    call.isOver = true;
    call.timeOut();
    // Others may wait for the permit of a probe that nobody will tell of.
    this.slot.breaker?.callCancelled(this.slot);
  }

  /** Hands the next batch to `process`; true: another one may follow at once. */
  // The way of a full batch is written out: V8 leaves calls between the parts of one that is so long (decision 16).
  step(): boolean {
    const { slot } = this;
    const { breaker, config, counters, gaps, mailbox, offers, recovery } = slot;
    const { batchSize } = config;
    let call: Call | undefined;
    // Nothing failed or was dropped, the breaker is pristine, and nobody waits: no call needs less care.
    if (
      this.mode === 'flush' &&
      slot.call === undefined &&
      mailbox.size >= batchSize &&
      breaker?.isPristine !== false &&
      recovery.size === 0 &&
      gaps.isEmpty &&
      offers.size === 0 &&
      slot.flushLeft === 0
    ) {
      slot.startedAt = slot.turns.now;
      slot.startedWith = mailbox.acceptedAtOf(0);
      call = slot.plainCall ??= new Call(slot);
      if (batchSize === 1) {
        slot.queueing.record(slot.startedAt - slot.startedWith);
        call.begin(1, mailbox.shift(), false);
      } else call.begin(batchSize, takeBatch(slot, batchSize), true);
      slot.call = call;
      counters[Counter.inFlight] += batchSize;
      counters[Counter.calls] += 1;
      if (breaker !== undefined) breaker.callStarted(slot);
    } else call = this.begin();
    if (call === undefined) return false;
    let promise: Promise<unknown> | undefined;
    try {
      promise = promiseOf(this.channel.process(call.batch, new Context(call)));
      // Whoever settles it looks for more.
      if (promise !== undefined && this.isWatching) this.watch('none');
      promise?.then(this.onFulfilled, this.onRejected);
    } catch (error) {
      return this.failed(call, error);
    }
    if (promise === undefined) return this.succeeded(call);
    if (!this.watchdog.isSet && !this.isDiscarded) this.watchdog.watch(call);
    return false;
  }

  /** Undefined: nothing is due, or it has to wait. */
  private begin(): Call | undefined {
    const { mode, slot } = this;
    if (mode === undefined || slot.call !== undefined) return undefined;
    const trigger = triggerOf(slot, mode);
    if (trigger === undefined) this.rest(mode);
    else if (slot.breaker !== undefined && !isAdmitted(slot, slot.breaker, mode, this.requestTurn))
      this.awaitCoolDown();
    else return begin(slot, trigger);
    return undefined;
  }

  // Bound once: a call at a time needs no closure of its own.
  private readonly onFulfilled = (): void => {
    const { call } = this.slot;
    if (this.isDiscarded || call === undefined) this.slot.countLate();
    else this.goOn(this.succeeded(call));
  };

  private readonly onRejected = (error: unknown): void => {
    const { call } = this.slot;
    if (this.isDiscarded || call === undefined) this.slot.countLate();
    else this.goOn(this.failed(call, error));
  };

  private goOn(isMoreDue: boolean): void {
    if (isMoreDue) this.slot.turns.proceed(this);
    else this.slot.turns.release();
  }

  /** True: another batch may follow at once. */
  private succeeded(call: Call): boolean {
    if (call.isOver) return this.late();
    // Whoever is told of the outcome may route: until all of it is settled, the next call has to wait.
    call.isOver = true;
    const { slot } = this;
    const { suspects } = slot.recovery;
    if (!call.isPlain || slot.world.bus.hearsFlushes) return this.settled(settleSuccess(call), true, suspects);
    settlePlain(slot, call.size);
    if (this.mode !== 'flush' || slot.recovery.size > 0) return this.settled(false, true, suspects);
    slot.endBatch();
    slot.retryAt = 0;
    return slot.dueTrigger() !== undefined || this.rest('flush');
  }

  /** The same of a call that failed as a whole. */
  private failed(call: Call, error: unknown): boolean {
    if (call.isOver) return this.late();
    call.isOver = true;
    const { suspects } = this.slot.recovery;
    return this.settled(settleFailure(call, error), false, suspects);
  }

  /** The handler itself may have ended this life: what was in flight has gone back to the head. */
  private late(): false {
    this.slot.countLate();
    return false;
  }

  /** `suspects`: so many were known before. */
  private settled(mustWait: boolean, isSuccess: boolean, suspects: number): boolean {
    const { mode, slot } = this;
    slot.endBatch();
    if (mode === undefined) this.watchdog.stop();
    // A call from before may end while the statechart waits for the next attempt: that comes when it was announced.
    if (mode === undefined) return false;
    if (isSuccess && !mustWait) slot.retryAt = 0;
    if (mode === 'drain') slot.world.bus.publish('drain.progressed', { channel: slot.id, left: slot.depth });
    // The search for poison is a state of its own.
    if (mustWait || (!isSuccess && mode === 'flush' && slot.recovery.isIsolating)) {
      this.tell({ type: 'batch.failed' });
      return false;
    }
    const trigger = triggerOf(slot, mode);
    if (trigger === undefined) return this.rest(mode);
    // At once: whoever shares the breaker must not fail between a suspect and what may show that it is poison.
    return slot.recovery.suspects <= suspects || slot.breaker?.state !== 'half-open' || this.step();
  }

  private readonly requestTurn = (): void => this.slot.turns.request(this);

  /** Nothing is due. */
  private rest(mode: PumpMode): false {
    if (!this.isWatching) this.watch(mode === 'flush' ? 'full' : 'first');
    if (this.slot.recovery.hasSuspects) this.setAside();
    else if (mode === 'flush') this.quietTimer ??= this.armQuietTimer();
    else if (mode === 'isolate') this.tell({ type: 'isolation.finished' });
    else if (mode === 'drain') this.tell({ type: 'delivery.quieted' });
    return false;
  }

  /** Nothing is left that could show whether the suspects or the sink are at fault: they wait at the head. */
  private setAside(): void {
    const { config, recovery, retryAt, world } = this.slot;
    recovery.restore();
    this.slot.retryAt = Math.max(retryAt, world.clock.now() + config.retry.delayMs);
    this.tell({ type: 'batch.failed' });
  }

  private watch(edge: Edge): void {
    this.isWatching = edge !== 'none';
    this.edge = 'none';
    this.slot.watch(edge, this);
  }

  /** The statechart's clock may be the host's, whose timers can fire a moment before the cool-down is over on ours. */
  private awaitCoolDown(): void {
    const { slot } = this;
    const leftMs = slot.breaker?.coolDownLeftMs() ?? 0;
    if (leftMs > 0) {
      this.clearQuietTimer();
      this.quietTimer = slot.world.clock.setTimeout(this.requestTurn, leftMs);
    }
  }

  /** One timer watches over many batches: it is set again only after it fired. */
  private armQuietTimer(): unknown {
    this.callsWhenQuiet = this.slot.counters[Counter.calls];
    // A message that comes meanwhile may be due sooner than the spell ends.
    const ms = Math.min(QUIET_MS, this.slot.config.timeoutMs, dueInMs(this.slot));
    return this.slot.world.clock.setTimeout(() => {
      this.quietTimer = undefined;
      if (this.slot.call !== undefined) return;
      if (this.slot.dueTrigger() !== undefined) this.slot.turns.request(this);
      else if (this.slot.counters[Counter.calls] !== this.callsWhenQuiet) this.quietTimer = this.armQuietTimer();
      else this.tell({ type: 'delivery.quieted' });
    }, ms);
  }

  private clearQuietTimer(): void {
    this.slot.world.clock.clearTimeout(this.quietTimer);
    this.quietTimer = undefined;
  }
}
