import type { LifeContext } from '../../src/index.ts';
import { type Crash, createCrash } from './crash.ts';
import { type HeldCall, heldCall } from './held-call.ts';
import { messages, RouterRig, ScriptedChannel, type Sink } from './router-rig.ts';

export const channelConfig = {
  batchSize: 4,
  timeoutMs: 50,
  capacity: 40,
  warmUpTimeoutMs: 500,
  processTimeoutMs: 300,
  abandonAfterMs: 100,
  retry: { attempts: 3, delayMs: 20, delayMsMax: 20 },
  breaker: { window: { count: 20 }, minimumCalls: 10, slowCallMs: 250, coolDownMs: 200, coolDownMsMax: 200, probes: 2 },
  restart: { limit: 3, withinMs: 60_000, delayMs: 100, delayMsMax: 100 },
} as const;

/** What the parts of a channel beside `process` do, until a test heals them. */
interface Plan {
  holdsWarmUp: boolean;
  holdsClose: boolean;
  /** So many of the next instances cannot be made. */
  stillborn: number;
}

/** A router with one channel that can be brought into any state, and in which everything can be made to fail. */
export class FailingWorld {
  readonly plan: Plan = { holdsWarmUp: false, holdsClose: false, stillborn: 0 };
  readonly rig: RouterRig;
  readonly call: HeldCall = heldCall();
  readonly #crash: Crash = createCrash();
  readonly #opened: (() => void)[] = [];
  /** What must come to an end, whatever happens: stops and reloads. */
  readonly #pending: Promise<unknown>[] = [];
  #next = 0;

  constructor() {
    const world = this;
    class Planned extends ScriptedChannel {
      constructor(sink: Sink) {
        super(sink, world.rig.clock);
        if (world.plan.stillborn-- > 0) throw new Error('stillborn');
      }
      override warmUp(_context: LifeContext<unknown, never>): Promise<void> | undefined {
        return world.plan.holdsWarmUp ? world.#gate() : undefined;
      }
      override close(_context: LifeContext<unknown, never>): Promise<void> | undefined {
        return world.plan.holdsClose ? world.#gate() : undefined;
      }
    }
    this.rig = new RouterRig({
      channels: { ohlcv: channelConfig },
      // The router asks for one while the rig is being made; that one may fail.
      classes: { ohlcv: () => new Planned(this.rig.sink('ohlcv')) },
      inspect: this.#crash.inspect,
    });
  }

  get sink(): Sink {
    return this.rig.sink('ohlcv');
  }

  get state(): string {
    return this.rig.metrics('ohlcv').state;
  }

  get isInFlight(): boolean {
    return this.rig.metrics('ohlcv').inFlight > 0;
  }

  route(count: number): void {
    this.rig.router.routeAll(messages('ohlcv', count, this.#next));
    this.#next += count;
  }

  /** The next call of `process` settles when the test says so. */
  hold(): void {
    this.sink.script.push(this.call.reaction);
  }

  crash(): void {
    this.#crash.crash('ohlcv');
  }

  /** Runs on, and must be over when the world ends. */
  watch(promise: Promise<unknown>): void {
    this.#pending.push(promise.catch(() => {}));
  }

  /** Whatever hung in `warmUp` and `close` goes on. */
  openGates(): void {
    Object.assign(this.plan, { holdsWarmUp: false, holdsClose: false });
    for (const open of this.#opened) open();
  }

  /** Whatever failed works again, but for a fault that nobody has met yet. */
  heal(): void {
    this.openGates();
    this.plan.stillborn = 0;
    this.sink.script.splice(
      0,
      Number.POSITIVE_INFINITY,
      ...this.sink.script.filter((each) => each !== this.call.reaction),
    );
    this.call.succeed();
    this.rig.router.resume();
    if (this.rig.router.health().channels.ohlcv?.state === 'failed') this.rig.router.restart('ohlcv');
  }

  async end(): Promise<void> {
    await this.rig.during(Promise.all(this.#pending));
  }

  #gate(): Promise<void> {
    return new Promise((resolve) => {
      this.#opened.push(resolve);
    });
  }
}
