import type { ChannelEvent } from '../../machines/channel.ts';
import type { DeliveryMode } from '../core/channel-port.ts';
import { Counter } from '../core/counters.ts';
import { Turn, type TurnTaker } from '../core/turn-queue.ts';
import { isEndedBy } from './advice.ts';
import { type Call, promiseOf } from './call.ts';
import { Calls } from './calls.ts';
import { Context } from './context.ts';
import { depthOf, dueTrigger, type Lane } from './lane.ts';
import type { AnyChannel } from './processing-channel.ts';
import { Rest } from './rest.ts';
import { settleFailure, settlePlain, settleSuccess } from './settlement.ts';
import { takeNew } from './waits.ts';

/**
 * Carries messages out in one life of a channel: hands batches to `process`, strictly one after the other, while its
 * statechart permits it. No transition aborts a call in flight. A restart makes a new delivery on the same lane.
 */
export class Delivery extends Calls implements TurnTaker {
  private readonly channel: AnyChannel;
  /** Its place among all that wait for a turn. */
  readonly turn: Turn;
  private readonly rest = new Rest(this);
  private mode: DeliveryMode | undefined = undefined;

  constructor(lane: Lane, channel: AnyChannel, chart: { send(event: ChannelEvent): void }) {
    super(lane, chart);
    this.channel = channel;
    this.turn = new Turn(this, lane.owner.share);
  }

  get priority(): number {
    return this.lane.inbox.limits.priority;
  }

  /** A batch in flight keeps the limits it began with. */
  reconfigure(): void {
    this.rest.update(this.wakeDepth);
  }

  /** Permits delivery. */
  start(mode: DeliveryMode): void {
    this.mode = mode;
    if (mode === 'flush') this.rest.measurePause();
    // What goes on will show whether quarantined messages or the sink are at fault: the search for poison behind them,
    // or a call that is still out from before a pause.
    if (mode !== 'isolate' && !this.isOut) this.lane.recovery.restore();
    this.requestTurn();
  }

  /** No call begins any more; the one in flight goes on. */
  hold(): void {
    this.rest.end();
    this.mode = undefined;
    this.rest.stop();
    if (!this.isOut) this.watchdog.stop();
  }

  /** Something may be due: priority 1 is delivered at once, the others ask for a turn. */
  wake(): void {
    if (this.mode === undefined || this.isOut) return;
    if (this.priority > 1) {
      // Until its turn comes it need not hear of more messages.
      this.rest.end();
      return this.requestTurn();
    }
    while (this.step()) if (this.lane.services.scheduler.isOver()) return this.requestTurn();
  }

  /** Hands a message of priority 1 that would be the only one to wait to `process`. False: it has to wait, or needs care. */
  deliverAtOnce(message: unknown): boolean {
    const { lane, lastCall: call } = this;
    const { breaker, clock, counters, inbox, owner, times } = lane;
    // A message that failed would be given the keys that were taken last.
    if (this.priority > 1 || !this.isCalm || !inbox.isSteady(0) || inbox.mailbox.keysTaken !== undefined) return false;
    times.begin(clock.now, clock.now);
    owner.queueing.record(0);
    call.begin(inbox.limits, 1, message);
    this.isOut = true;
    counters[Counter.accepted] += 1;
    counters[Counter.inFlight] += 1;
    counters[Counter.calls] += 1;
    breaker?.started();
    if (this.step(call)) this.wake();
    return true;
  }

  requestTurn(): void {
    this.lane.services.scheduler.request(this.turn);
  }

  override abandon(putBack: boolean): void {
    this.hold();
    super.abandon(putBack);
  }

  /** Hands the next batch to `process`, or that of a call that has begun; true: another one may follow at once. */
  step(begun?: Call): boolean {
    const call = begun ?? this.nextCall();
    if (call === undefined) return false;
    try {
      const promise = promiseOf(this.channel.process(call.messages, new Context(call)));
      if (promise !== undefined) {
        // Its settlement looks for more.
        this.rest.end();
        promise.then(this.onFulfilled, this.onRejected);
        this.awaited = call.number;
        if (!this.isAbandoned) this.watchdog.watch();
        return false;
      }
    } catch (error) {
      return this.settled(call, false, error);
    }
    return this.settled(call, true);
  }

  /** A call may begin, nothing failed before, and the breaker is closed. */
  private get isCalm(): boolean {
    const { breaker, recovery } = this.lane;
    return this.mode === 'flush' && !this.isOut && recovery.isIdle && (breaker === undefined || breaker.isClosed);
  }

  /** Begins the next call; undefined: none is due, or it has to wait. */
  private nextCall(): Call | undefined {
    const { lane, lastCall: call } = this;
    const { breaker, counters, inbox } = lane;
    const { batchSize } = inbox.limits;
    // Most calls are of a full batch, and nothing else needs care.
    if (!this.isCalm || !inbox.isSteady(batchSize)) return this.nextWithCare();
    const origins = inbox.mailbox.originsOf(batchSize);
    // Not by a function that calls it: where `take` found room on the stack, so must what puts the messages into the call.
    call.begin(inbox.limits, batchSize, takeNew(lane, batchSize));
    this.isOut = true;
    counters[Counter.inFlight] += batchSize;
    counters[Counter.calls] += 1;
    breaker?.started();
    if (origins !== undefined) call.note({ origins });
    return call;
  }

  private nextWithCare(): Call | undefined {
    const { mode } = this;
    if (mode === undefined || this.isOut) return undefined;
    // A listener that hears of it may end this life: then the batch is already back in the mailbox.
    const call = this.lane.services.bus.changes.during(() => this.beginDue(mode));
    return call?.isOver === true ? undefined : call;
  }

  private beginDue(mode: DeliveryMode): Call | undefined {
    const { breaker } = this.lane;
    const trigger = dueTrigger(this.lane, mode);
    if (trigger === undefined) this.pause(mode);
    else if (this.lane.recovery.sinkRests(this.lane.services.clock)) this.send({ type: 'batch.failed' });
    else if (breaker?.admits(mode === 'probe' || mode === 'drain', this) === false) {
      this.rest.awaitCoolDown();
    } else return this.begin(trigger);
    return undefined;
  }

  // Bound once: one call at a time needs no closure of its own.
  private readonly onFulfilled = (): void => this.afterPromise(true, undefined);
  private readonly onRejected = (error: unknown): void => this.afterPromise(false, error);

  private afterPromise(isSuccess: boolean, error: unknown): void {
    const { scheduler } = this.lane.services;
    if (this.isAbandoned) this.countLate();
    else if (this.settled(this.lastCall, isSuccess, error)) scheduler.proceed(this.turn);
    else scheduler.gaveWay(this.turn);
  }

  /** The call settled; true: another batch may follow at once. */
  private settled(call: Call, isSuccess: boolean, error?: unknown): boolean {
    // The handler itself ended this life: what was in flight has gone back to the head.
    if (call.isOver) return this.countLate();
    const { failures } = call.details;
    if ((!isSuccess || failures !== undefined) && isEndedBy(call, error)) return this.countLate();
    call.end();
    const { breaker, inbox, recovery, services } = this.lane;
    const isQuiet = isSuccess && failures === undefined && recovery.size === 0;
    if (!isQuiet || breaker?.breaker.isPristine === false || services.bus.hearsFlushes)
      return this.settleWithCare(call, isSuccess, error);
    if (this.mode !== 'flush' || !recovery.isIdle) return this.settle(call, true, undefined);
    settlePlain(this.lane, call);
    this.isOut = false;
    this.cameBack(call);
    return inbox.due.trigger !== undefined || (!this.rest.isUnderWay && this.pause('flush'));
  }

  /** A function of its own: where there is a closure, V8 allocates what it may capture for each call. */
  private settleWithCare(call: Call, isSuccess: boolean, error: unknown): boolean {
    return this.lane.services.bus.changes.during(() => this.settle(call, isSuccess, error));
  }

  private settle(call: Call, isSuccess: boolean, error: unknown): boolean {
    const { quarantined } = this.lane.recovery;
    const mustWait = isSuccess ? settleSuccess(this.lane, call) : settleFailure(this.lane, call, error);
    // Here, and not in a function, which may find the stack used up: what was settled must not go back.
    this.isOut = false;
    this.cameBack(call);
    return this.goOn(isSuccess, mustWait, quarantined);
  }

  /** What follows a call when something failed, or the statechart is not in `flushing`. */
  private goOn(isSuccess: boolean, mustWait: boolean, quarantined: number): boolean {
    const { lane, mode } = this;
    const { breaker, recovery, services } = lane;
    // If a call from before ends while the chart is in `retrying`, the announced retry time stands.
    if (mode === undefined) {
      this.watchdog.stop();
      return false;
    }
    if (isSuccess && !mustWait) recovery.goOn(services.clock.now());
    if (mode === 'drain') services.bus.publish('drain.progressed', { channel: lane.id, left: depthOf(lane) });
    // The search for poison is a state of its own.
    if (mustWait || (!isSuccess && mode === 'flush' && recovery.isIsolating)) {
      this.send({ type: 'batch.failed' });
      return false;
    }
    if (dueTrigger(lane, mode) === undefined) return this.pause(mode);
    // At once: no other user of a shared breaker may fail between a message that goes into quarantine and the one that
    // may show that it is poison.
    return recovery.quarantined <= quarantined || breaker?.breaker.state !== 'half-open' || this.step();
  }

  /** Nothing is due. */
  private pause(mode: DeliveryMode): false {
    this.rest.begin(this.wakeDepth);
    if (this.lane.recovery.quarantined > 0) this.endQuarantine();
    else if (mode === 'flush') this.rest.watchQuiet(this.lastCall);
    else if (mode === 'isolate') this.send({ type: 'isolation.finished' });
    else if (mode === 'drain') this.send({ type: 'delivery.quieted' });
    return false;
  }

  /** So many messages end a rest. */
  private get wakeDepth(): number {
    return this.mode === 'flush' ? this.lane.inbox.limits.batchSize : 1;
  }

  /** Nothing is left that could show whether quarantined messages or the sink are at fault: they wait at the head. */
  private endQuarantine(): void {
    const { inbox, recovery, services } = this.lane;
    recovery.restore();
    recovery.postpone(Math.max(recovery.retryAt, services.clock.now() + inbox.limits.retry.delayMs));
    this.send({ type: 'batch.failed' });
  }
}
