import type { ChannelEvent } from '../../machines/channel.ts';
import { Counter } from '../core/counters.ts';
import type { Call } from './call.ts';
import type { Waker } from './due-batches.ts';
import type { Lane } from './lane.ts';

/**
 * How long `flushing` lasts after its last batch: leaving it at every pause would cost two transitions a batch. Where a
 * batch is one message, so that none waits for others in `flushing`, it lasts so many times the pause before the present
 * stay, unless that was longer than the longest spell.
 */
const QUIET_MS_MIN = 2;
const QUIET_MS_MAX = 2_500;
const PAUSES = 20;
/** Behind a batch of so many messages that was old enough, more are expected. */
const STEADY_MIN = 5;
/** If a spell ends so much later than it should, messages may have come that the event loop has not brought yet, in ms. */
const LATE_MS = 2;

/** What rests. */
interface Resting extends Waker {
  readonly lane: Lane;
  readonly inFlight: number;
  requestTurn(): void;
  send(event: ChannelEvent): void;
}

/** What a delivery does while nothing is due, with one timer: the inbox wakes it, and a quiet spell ends `flushing`. */
export class Rest {
  private readonly resting: Resting;
  private isOn = false;
  private timer: unknown;
  /** The timer ends a spell. */
  private isSpell = false;
  private callsAtStart = 0;
  /** Batches come by age, and messages that wait will be the next one. */
  private isSteady = false;
  /** How long a spell lasts, and when the last one began and is looked at, in ms on the clock. */
  private spellMs = QUIET_MS_MIN;
  private spellAt = Number.NEGATIVE_INFINITY;
  private lookAt = 0;

  constructor(resting: Resting) {
    this.resting = resting;
  }

  /** It has begun, and its timer is set. */
  get isUnderWay(): boolean {
    return this.isOn && this.timer !== undefined;
  }

  /** Nothing is due before so many messages wait. */
  begin(depth: number): void {
    if (this.isOn) return;
    this.resting.lane.inbox.wakeWhen(depth, this.resting);
    this.isOn = true;
  }

  /** The limits changed: another number of messages ends it, and they may be due before the spell ends. */
  update(depth: number): void {
    if (this.isOn) this.resting.lane.inbox.wakeWhen(depth, this.resting);
    if (!this.isSpell) return;
    this.stop();
    this.spellMs = QUIET_MS_MIN;
    this.arm();
  }

  /** The inbox need not wake anybody. */
  end(): void {
    if (!this.isOn) return;
    this.isOn = false;
    this.resting.lane.inbox.sleep();
  }

  /** A stay in `flushing` begins: its spells follow the pause before it. */
  measurePause(): void {
    const { inbox, services } = this.resting.lane;
    const pauseMs = services.clock.now() - this.spellAt;
    const isLong = inbox.limits.batchSize > 1 || pauseMs > QUIET_MS_MAX;
    this.spellMs = isLong ? QUIET_MS_MIN : clamp(PAUSES * pauseMs);
  }

  /**
   * `flushing` ends after a quiet spell; behind a batch that was only old enough it ends at once, unless the next messages
   * wait or are expected, or the event loop is late. One timer watches over many batches: it is set again only after it fired.
   */
  watchQuiet({ details: { trigger }, size }: Pick<Call, 'details' | 'size'>): void {
    const { inbox, times } = this.resting.lane;
    const { timeoutMs } = inbox.limits;
    const isInTime = inbox.mailbox.size === 0 && times.ageMs - timeoutMs < LATE_MS;
    this.isSteady = trigger === 'age' && size >= STEADY_MIN;
    if (trigger === 'age' && isInTime && !this.isSteady) this.resting.send({ type: 'delivery.quieted' });
    else if (this.timer === undefined) this.arm(this.isSteady ? (2 * timeoutMs) / size : this.spellMs);
  }

  /** The statechart's clock may be the host's, whose timers can fire a moment before the cool-down is over on ours. */
  awaitCoolDown(): void {
    const { breaker, services } = this.resting.lane;
    const leftMs = breaker?.breaker.coolDownLeftMs() ?? 0;
    if (leftMs === 0) return;
    this.stop();
    this.timer = services.timers.setTimeout(() => {
      this.timer = undefined;
      this.resting.requestTurn();
    }, leftMs);
  }

  stop(): void {
    this.resting.lane.services.timers.clearTimeout(this.timer);
    this.timer = undefined;
    this.isSpell = false;
  }

  private arm(spellMs = this.spellMs): void {
    const { counters, inbox, services } = this.resting.lane;
    const { batchSize, timeoutMs } = inbox.limits;
    this.callsAtStart = counters[Counter.calls];
    this.spellAt = services.clock.now();
    // A message that comes meanwhile may be due sooner than the spell ends.
    const ms = batchSize === 1 ? spellMs : Math.min(spellMs, timeoutMs, inbox.due.inMs());
    this.lookAt = this.spellAt + ms;
    this.isSpell = true;
    this.timer = services.timers.setTimeout(this.look, ms);
  }

  /** A transition for each batch would make an event loop that is late even later, and the batches smaller. */
  private wait(lateMs: number): void {
    if (this.resting.lane.inbox.mailbox.size > 0) return this.arm(QUIET_MS_MAX);
    this.spellMs = clamp(Math.max(lateMs, 2 * this.spellMs));
    this.arm();
  }

  // Bound once: there are some for each batch.
  private readonly look = (): void => {
    this.timer = undefined;
    this.isSpell = false;
    const { inFlight, lane } = this.resting;
    if (inFlight > 0) return;
    const lateMs = lane.services.clock.now() - this.lookAt;
    if (lane.inbox.due.trigger !== undefined) this.resting.requestTurn();
    else if (lateMs >= LATE_MS || (this.isSteady && lane.inbox.mailbox.size > 0)) this.wait(lateMs);
    else if (lane.counters[Counter.calls] !== this.callsAtStart) this.arm();
    else this.resting.send({ type: 'delivery.quieted' });
  };
}

function clamp(ms: number): number {
  return Math.min(Math.max(ms, QUIET_MS_MIN), QUIET_MS_MAX);
}
