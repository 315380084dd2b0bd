import { Counter } from '../core/counters.ts';
import type { Lane } from './lane.ts';

/** How long `flushing` lasts after its last batch: leaving it at every pause would cost two transitions a batch. */
const QUIET_MS = 2;

/** The one timer of a delivery that has nothing to do: it ends `flushing`, or waits for a cool-down to be over. */
export class QuietSpell {
  private readonly lane: Lane;
  private readonly isBusy: () => boolean;
  private readonly requestTurn: () => void;
  private readonly quieted: () => void;
  private timer: unknown;
  private timeoutMs = 0;
  private callsAtStart = 0;

  /** `isBusy`: a call is out. `quieted` is called when no call began for a while. */
  constructor(lane: Lane, isBusy: () => boolean, requestTurn: () => void, quieted: () => void) {
    this.lane = lane;
    this.isBusy = isBusy;
    this.requestTurn = requestTurn;
    this.quieted = quieted;
  }

  /** Nothing is due. One timer watches over many batches: it is set again only after it fired. */
  watch(timeoutMs: number): void {
    if (this.timer === undefined) this.arm(timeoutMs);
  }

  /** The statechart's clock may be the host's, whose timers can fire a moment before the cool-down is over on ours. */
  awaitCoolDown(): void {
    const leftMs = this.lane.breaker?.breaker.coolDownLeftMs() ?? 0;
    if (leftMs === 0) return;
    this.stop();
    this.timer = this.lane.services.clock.setTimeout(() => {
      this.timer = undefined;
      this.requestTurn();
    }, leftMs);
  }

  stop(): void {
    this.lane.services.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(timeoutMs: number): void {
    const { counters, inbox, services } = this.lane;
    this.timeoutMs = timeoutMs;
    this.callsAtStart = counters[Counter.calls];
    // A message that comes meanwhile may be due sooner than the spell ends.
    this.timer = services.clock.setTimeout(() => this.look(), Math.min(QUIET_MS, timeoutMs, inbox.dueInMs()));
  }

  private look(): void {
    this.timer = undefined;
    const { counters, inbox } = this.lane;
    if (this.isBusy()) return;
    if (inbox.dueTrigger() !== undefined) this.requestTurn();
    else if (counters[Counter.calls] !== this.callsAtStart) this.arm(this.timeoutMs);
    else this.quieted();
  }
}
