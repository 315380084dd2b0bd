import type { ChannelEvent } from '../../machines/channel.ts';
import { Counter } from '../core/counters.ts';
import type { Trigger } from '../core/trigger.ts';
import { Call, loadOf } from './call.ts';
import { NO_MESSAGES } from './hand-back.ts';
import { type Lane, publishGaps } from './lane.ts';
import { takeNew } from './waits.ts';
import { Watchdog } from './watchdog.ts';

/** The calls of `process` in one life, one after the other: the one that is out, and who waits for its end. */
export abstract class Calls {
  readonly lane: Lane;
  private readonly chart: { send(event: ChannelEvent): void };
  readonly watchdog = new Watchdog(this);
  /** The call that is out, or was the last. */
  protected readonly lastCall: Call;
  protected isOut = false;
  /** The number of the last call whose promise is, or was, waited for. */
  protected awaited = 0;
  protected isAbandoned = false;
  private settledListeners: (() => void)[] = [];

  constructor(lane: Lane, chart: { send(event: ChannelEvent): void }) {
    this.lane = lane;
    this.chart = chart;
    this.lastCall = new Call(lane, lane.inbox.limits);
  }

  /** Brings an event to the channel's statechart. */
  send(event: ChannelEvent): void {
    this.chart.send(event);
  }

  /** The call of `process` that is out; undefined: none is. */
  get call(): Call | undefined {
    return this.isOut ? this.lastCall : undefined;
  }

  /** How many messages `process` has now. */
  get inFlight(): number {
    return this.call?.size ?? 0;
  }

  /** The messages themselves, in a new array. */
  get batch(): readonly unknown[] {
    return this.call?.messages ?? NO_MESSAGES;
  }

  /** Resolves when `process` has nothing, or nobody will know any more. */
  whenSettled(): Promise<void> {
    return this.isOut ? new Promise((resolve) => void this.settledListeners.push(resolve)) : Promise.resolve();
  }

  /**
   * Ends this life; the outcome of a call that is out will be late. `putBack`: its messages go back to the head of what
   * waits. Otherwise nobody can tell what became of them, and they stay `batch`.
   */
  abandon(putBack: boolean): void {
    this.isAbandoned = true;
    this.watchdog.stop();
    this.call?.abandon(putBack);
    if (putBack) {
      this.isOut = false;
      this.lane.recovery.restore();
    }
    this.publishSettled();
  }

  /**
   * An exception broke off whatever ran, as a stack overflow inside the router does. A call that is out and that nobody
   * waits for goes back to the head of what waits. True: there was one.
   */
  breakOff(): boolean {
    const { call, lane } = this;
    if (call === undefined || call.number === this.awaited) return false;
    this.isOut = false;
    if (lane.counters[Counter.inFlight] >= call.size) call.abandon(true);
    this.publishSettled();
    return true;
  }

  /** Begins a call, of messages that failed before if there are any. */
  protected begin(trigger: Trigger): Call {
    const { lane, lastCall: call } = this;
    const { breaker, clock, counters, inbox, recovery, times } = lane;
    const { batchSize } = inbox.limits;
    const before = recovery.take(batchSize);
    const size = before?.messages.length ?? Math.min(inbox.mailbox.size, batchSize);
    if (before === undefined) inbox.due.countTaken(size);
    else times.begin(clock.now, before.acceptedAt);
    const origins = before === undefined ? inbox.mailbox.originsOf(size) : before.origins;
    call.begin(inbox.limits, size, before === undefined ? takeNew(lane, size) : loadOf(before.messages));
    this.isOut = true;
    counters[Counter.inFlight] += size;
    counters[Counter.calls] += 1;
    breaker?.started();
    if (before !== undefined || origins !== undefined || trigger !== 'size') call.note({ trigger, before, origins });
    if (before !== undefined) counters[Counter.retries] += 1;
    else if (trigger !== 'size') counters[Counter[trigger]] += 1;
    if (!inbox.gaps.isEmpty) call.note({ gaps: publishGaps(lane) });
    inbox.admitOffers();
    return call;
  }

  /** Nothing is out. */
  protected cameBack(call: Call): void {
    call.empty();
    if (this.settledListeners.length > 0) this.publishSettled();
  }

  protected countLate(): false {
    this.lane.counters[Counter.late] += 1;
    return false;
  }

  private publishSettled(): void {
    for (const resolve of this.settledListeners.splice(0)) resolve();
  }
}
