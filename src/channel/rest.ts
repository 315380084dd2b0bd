import type { ChannelEvent } from '../../machines/channel.ts';
import { Counter } from '../core/counters.ts';
import type { Lane } from './lane.ts';

/** How long `flushing` lasts after its last batch: leaving it at every pause would cost two transitions a batch. */
const QUIET_MS = 2;

/** What rests. */
interface Resting {
  readonly lane: Lane;
  readonly inFlight: number;
  wake(): void;
  requestTurn(): void;
  send(event: ChannelEvent): void;
}

/**
 * What a delivery does while nothing is due: the inbox wakes it, and after a quiet spell `flushing` ends. It has one timer,
 * which also waits for a cool-down.
 */
export class Rest {
  private readonly resting: Resting;
  private isOn = false;
  private timer: unknown;
  private timeoutMs = 0;
  private callsAtStart = 0;

  constructor(resting: Resting) {
    this.resting = resting;
  }

  /** Nothing is due before so many messages wait. */
  begin(depth: number): void {
    if (this.isOn) return;
    this.resting.lane.inbox.wakeWhen(depth, this.resting);
    this.isOn = true;
  }

  /** Another number of messages ends it. */
  update(depth: number): void {
    if (this.isOn) this.resting.lane.inbox.wakeWhen(depth, this.resting);
  }

  /** The inbox need not wake anybody. */
  end(): void {
    if (!this.isOn) return;
    this.isOn = false;
    this.resting.lane.inbox.sleep();
  }

  /** `flushing` ends after a quiet spell. One timer watches over many batches: it is set again only after it fired. */
  watchQuiet(timeoutMs: number): void {
    if (this.timer === undefined) this.arm(timeoutMs);
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
  }

  private arm(timeoutMs: number): void {
    const { counters, inbox, services } = this.resting.lane;
    this.timeoutMs = timeoutMs;
    this.callsAtStart = counters[Counter.calls];
    // A message that comes meanwhile may be due sooner than the spell ends.
    this.timer = services.timers.setTimeout(() => this.look(), Math.min(QUIET_MS, timeoutMs, inbox.dueInMs()));
  }

  private look(): void {
    this.timer = undefined;
    const { inFlight, lane } = this.resting;
    if (inFlight > 0) return;
    if (lane.inbox.dueTrigger() !== undefined) this.resting.requestTurn();
    else if (lane.counters[Counter.calls] !== this.callsAtStart) this.arm(this.timeoutMs);
    else this.resting.send({ type: 'delivery.quieted' });
  }
}
