import { Counter } from '../core/counters.ts';
import type { Lane } from './lane.ts';

/** How long `flushing` lasts after its last batch: leaving it at every pause would cost two transitions a batch. */
const QUIET_MS = 2;

/** Who is watched. */
interface Watched {
  /** A call is out. */
  readonly isBusy: () => boolean;
  readonly requestTurn: () => void;
  /** Nothing came for a while. */
  readonly quieted: () => void;
}

/** The one timer of a delivery that has nothing to do: it ends `flushing`, or waits for a cool-down to be over. */
export class QuietSpell {
  private readonly lane: Lane;
  private readonly watched: Watched;
  private timer: unknown;
  private callsAtStart = 0;

  constructor(lane: Lane, watched: Watched) {
    this.lane = lane;
    this.watched = watched;
  }

  /** Nothing is due. One timer watches over many batches: it is set again only after it fired. */
  watch(timeoutMs: number): void {
    if (this.timer !== undefined) return;
    const { counters, inbox, services } = this.lane;
    this.callsAtStart = counters[Counter.calls];
    // A message that comes meanwhile may be due sooner than the spell ends.
    const ms = Math.min(QUIET_MS, timeoutMs, inbox.dueInMs());
    this.timer = services.clock.setTimeout(() => this.look(timeoutMs), ms);
  }

  /** The statechart's clock may be the host's, whose timers can fire a moment before the cool-down is over on ours. */
  awaitCoolDown(): void {
    const { breaker, services } = this.lane;
    const leftMs = breaker?.breaker.coolDownLeftMs() ?? 0;
    if (leftMs === 0) return;
    this.stop();
    this.timer = services.clock.setTimeout(() => {
      this.timer = undefined;
      this.watched.requestTurn();
    }, leftMs);
  }

  stop(): void {
    this.lane.services.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private look(timeoutMs: number): void {
    this.timer = undefined;
    const { counters, inbox } = this.lane;
    if (this.watched.isBusy()) return;
    if (inbox.dueTrigger() !== undefined) this.watched.requestTurn();
    else if (counters[Counter.calls] !== this.callsAtStart) this.watch(timeoutMs);
    else this.watched.quieted();
  }
}
