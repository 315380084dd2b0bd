import { ProcessingChannel } from '../../../src/index.ts';
import type { Sink, TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { createSink, createTestRouter, hold, messages } from '../../../src/testing/index.ts';
import { createCrash } from '../../support/crash.ts';

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

type Gates = (() => void)[];

/** What the parts of a channel beside `process` do, until a test heals them. */
interface Plan {
  holdsWarmUp: boolean;
  holdsClose: boolean;
  /** So many of the next instances cannot be made. */
  stillborn: number;
}

/** A router with one channel that can be brought into any state, and in which everything can be made to fail. */
export class FailingWorld {
  readonly plan: Plan;
  readonly rig: TestRouter;
  readonly sink: Sink<ProcessingChannel<TestMessage, unknown>>;
  readonly call = hold();
  readonly crash: () => void;
  readonly #gates: Gates;
  /** What must come to an end, whatever happens: stops and reloads. */
  readonly #pending: Promise<unknown>[] = [];
  #next = 0;

  private constructor(parts: Pick<FailingWorld, 'plan' | 'rig' | 'sink' | 'crash'>, gates: Gates) {
    this.plan = parts.plan;
    this.rig = parts.rig;
    this.sink = parts.sink;
    this.crash = parts.crash;
    this.#gates = gates;
  }

  static async create(): Promise<FailingWorld> {
    const plan: Plan = { holdsWarmUp: false, holdsClose: false, stillborn: 0 };
    const gates: Gates = [];
    const gate = (): Promise<void> => new Promise((resolve) => void gates.push(resolve));
    class Planned extends ProcessingChannel<TestMessage, unknown> {
      constructor() {
        super();
        if (plan.stillborn-- > 0) throw new Error('stillborn');
      }
      override warmUp = () => (plan.holdsWarmUp ? gate() : undefined);
      override process(): void {}
      override close = () => (plan.holdsClose ? gate() : undefined);
    }
    const sink = createSink(Planned);
    const { inspect, crash } = createCrash();
    const rig = await createTestRouter({
      isStarted: false,
      config: { channels: { ohlcv: channelConfig } },
      channels: { ohlcv: sink.channel },
      inspect,
    });
    return new FailingWorld({ plan, rig, sink, crash: () => crash('ohlcv') }, gates);
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
    this.sink.script.push(this.call);
  }

  /** Runs on, and must be over when the world ends. */
  watch(promise: Promise<unknown>): void {
    this.#pending.push(promise.catch(() => {}));
  }

  /** Whatever hung in `warmUp` and `close` goes on. */
  openGates(): void {
    Object.assign(this.plan, { holdsWarmUp: false, holdsClose: false });
    for (const open of this.#gates) open();
  }

  /** Whatever failed works again, but for a fault that nobody has met yet. */
  heal(): void {
    this.openGates();
    this.plan.stillborn = 0;
    const { script } = this.sink;
    script.splice(0, script.length, ...script.filter((each) => each !== this.call));
    this.call.succeed();
    this.rig.router.resume();
    if (this.rig.router.health().channels.ohlcv?.state === 'failed') this.rig.router.restart('ohlcv');
  }

  async end(): Promise<void> {
    await this.rig.advanceUntil(Promise.all(this.#pending));
  }
}
