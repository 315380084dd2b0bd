import { type ChannelSource, type ChannelSources, factoryOf } from '../channel/channel-source.ts';
import { type AnyChannel, ProcessingChannel } from '../channel/processing-channel.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import { createRandom } from '../core/random.ts';
import type { RouterFacts } from '../facts/events.ts';
import type { DrainReport } from '../report/drain-report.ts';
import { type CreateRouterOptions, createRouter, createRouterOptions, type Emitted } from '../router/create-router.ts';
import type { AnyConfig } from '../router/plan.ts';
import type { AnyEmitted, DataChannelRouter } from '../router/router.ts';
import type { StopOptions } from '../router/shutdown.ts';
import { giveClock } from './channel-source.ts';
import { EventCheck } from './event-check.ts';
import { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts';

/** What `createRouter` takes, but time and chance are simulated. */
export interface TestRouterOptions<Channels extends ChannelSources, Config = AnyConfig>
  extends Omit<CreateRouterOptions<Channels, Config>, 'clock' | 'random'> {
  /** Of all chance: the same seed gives the same run. Default: 1. */
  readonly seed?: number;
  /** Default: a new one. */
  readonly clock?: SimulatedClock;
}

const { random: _chance, ...routerOptions } = createRouterOptions;
const testRouterOptions: OptionNames<TestRouterOptions<ChannelSources>> = { ...routerOptions, seed: true };

/** How long a promise may take that nothing but time can settle. */
const LIMIT_MS = 600_000;
const STEP_MS = 10;

/**
 * Makes a router on a simulated clock and starts it. Time stands still until `advance`: what needs none, such as the
 * warm-up of most channels, is over when this resolves.
 */
export async function createTestRouter<const Channels extends ChannelSources, const Config>(
  options: TestRouterOptions<Channels, Config>,
): Promise<TestRouter<Emitted<Channels>>>;
export async function createTestRouter(options: TestRouterOptions<ChannelSources>): Promise<TestRouter<unknown>> {
  checkOptions('createTestRouter', options, testRouterOptions);
  const { seed = 1, clock = createSimulatedClock(), channels, ...rest } = options;
  const check = new EventCheck();
  const timed = Object.entries(channels).map(([name, source]) => [
    name,
    seen(source, (channel) => {
      giveClock(channel, clock);
      check.made(name, channel);
    }),
  ]);
  const router = createRouter({
    ...rest,
    channels: Object.fromEntries(timed),
    clock,
    random: createRandom(seed),
  });
  const test = new TestRouter(router, clock, check);
  // With `onGiveUp: escalate` a start can fail; `router.start()`, called again, tells so.
  router.start().catch(() => {});
  await clock.settle();
  return test;
}

/** The same source, whose instances this function sees first. */
function seen(source: ChannelSource, made: (channel: AnyChannel) => void): ChannelSource {
  // Refused by the router, in its own words.
  if (typeof source !== 'function') return source;
  const make = factoryOf(source);
  return () => {
    const channel = make();
    if (channel instanceof ProcessingChannel) made(channel);
    return channel;
  };
}

type Fact = { [Type in keyof RouterFacts]: readonly [Type, RouterFacts[Type]] }[keyof RouterFacts];

/** A router on a simulated clock, and the record of what it told. Made by `createTestRouter`. */
export class TestRouter<Emits> implements AsyncDisposable {
  readonly router: DataChannelRouter<Emits>;
  readonly clock: SimulatedClock;
  readonly #events: Emits[] = [];
  readonly #facts: Fact[] = [];
  readonly #check: EventCheck;

  constructor(router: DataChannelRouter<Emits>, clock: SimulatedClock, check: EventCheck) {
    this.router = router;
    this.clock = clock;
    this.#check = check;
    router.events.on('event', (event) => this.#events.push(event));
    router.events.on('event', (event) => check.emitted(event as AnyEmitted));
    // What is no `event` is a fact, under its own name.
    router.events.on('*', (type, fact) => type !== 'event' && this.#facts.push([type, fact] as Fact));
  }

  /** What the channels emitted, in order. */
  get events(): readonly Emits[] {
    return this.#events;
  }

  /** The facts of one kind, in order. */
  facts<Type extends keyof RouterFacts>(type: Type): readonly RouterFacts[Type][] {
    return this.#facts.flatMap(([name, fact]) => (name === type ? [fact as RouterFacts[Type]] : []));
  }

  /** The states a channel entered, in order; of a partition by its id: `tick/0`. */
  states(channel: string): readonly string[] {
    return this.facts('channel.entered').flatMap((fact) => (fact.channel === channel ? [fact.to] : []));
  }

  /** Moves time on by so many ms and does what falls due on the way. Rejects when a channel emitted a wrong event. */
  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.#check.verify();
  }

  /**
   * Moves time on until a promise settles; ten simulated minutes at most, then it throws. It may be late by 10 ms, or
   * by a tenth of the time that passed.
   */
  async advanceUntil<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.clock.settle();
    const fromMs = this.clock.now();
    while (!isSettled) {
      const passedMs = this.clock.now() - fromMs;
      if (passedMs >= LIMIT_MS) throw new Error(`nothing settled it within ${LIMIT_MS} ms: ${this.explanations()}`);
      await this.clock.advance(Math.max(STEP_MS, Math.floor(passedMs / 10)));
    }
    const value = await promise;
    this.#check.verify();
    return value;
  }

  /** Why each channel is or is not delivering, a sentence each. */
  explanations(): string {
    return [...this.router.channels.keys()].map((name) => this.router.explain(name).sentence).join(' ');
  }

  /** Stops the router and moves time on until that is done; called again it returns the same report. */
  stop(options?: StopOptions): Promise<DrainReport> {
    return this.advanceUntil(this.router.stop(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
