import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import { type ChannelSources, factoryOf } from '../channel/channel-source.ts';
import { type AnyChannel, ProcessingChannel } from '../channel/processing-channel.ts';
import { checkBySchema } from '../channel/validator.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import type { RouterConfigInput } from '../config/schema.ts';
import { createRandom } from '../core/random.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { AnyEmitted, RouterFacts } from '../facts/events.ts';
import type { DrainReport } from '../report/drain-report.ts';
import { type CreateRouterOptions, createRouter, createRouterOptions, type Emitted } from '../router/create-router.ts';
import type { DataChannelRouter } from '../router/router.ts';
import type { AnyConfig } from '../router/router-options.ts';
import type { StopOptions } from '../router/shutdown.ts';
import { giveClock } from './channel-source.ts';
import { checkConservation } from './checkers.ts';
import { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts';
import { createSink, type Sink } from './sink.ts';
import type { TestMessage } from './test-messages.ts';

/** The options of `createRouter`, with simulated time and randomness, and with channels without a class. */
export interface TestRouterOptions<Channels extends ChannelSources = ChannelSources, Config = AnyConfig>
  extends Omit<CreateRouterOptions<Channels, Config>, 'channels' | 'clock' | 'random'> {
  readonly channels?: Channels;
  /** Channels without a class, each with its configuration. `sink(name)` scripts what they do. */
  readonly sinks?: NonNullable<RouterConfigInput['channels']>;
  /** With `false` the test calls `router.start()` itself. Default: true. */
  readonly isStarted?: boolean;
  /** Seed of all randomness: the same seed gives the same run. Default: 1. */
  readonly seed?: number;
  /** The clock. Default: a new one. */
  readonly clock?: SimulatedClock;
}

const { random: _chance, ...routerOptions } = createRouterOptions;
const testRouterOptions: OptionNames<TestRouterOptions> = {
  ...routerOptions,
  seed: true,
  sinks: true,
  isStarted: true,
};

/** How long `advanceUntil` advances at most. */
const LIMIT_MS = 600_000;
const STEP_MS = 10;

/**
 * Makes a router on a simulated clock and starts it. Time stands still until `advance`. Work that needs no time, such
 * as the warm-up of most channels, is done when the promise resolves.
 */
export async function createTestRouter<
  const Channels extends ChannelSources = ChannelSources,
  const Config = AnyConfig,
>(options: TestRouterOptions<Channels, Config>): Promise<TestRouter<Emitted<Channels>>>;
export async function createTestRouter(options: TestRouterOptions): Promise<TestRouter<unknown>> {
  checkOptions('createTestRouter', options, testRouterOptions);
  const {
    seed = 1,
    clock = createSimulatedClock(),
    isStarted = true,
    channels = {},
    sinks = {},
    config,
    ...rest
  } = options;
  const own = new Map<string, TestSink>();
  const scripted = Object.keys(sinks).map((name) => [name, () => sinkOf(own, name, clock).channel()]);
  const test = testRouterOf(
    {
      ...rest,
      config: { ...config, channels: { ...config?.channels, ...sinks } },
      channels: { ...channels, ...Object.fromEntries(scripted) },
      random: createRandom(seed),
    },
    clock,
    own,
  );
  if (!isStarted) return test;
  // With `onGiveUp: escalate` a start can fail; a second `router.start()` rejects with the error.
  test.router.start().catch(() => {});
  await clock.settle();
  return test;
}

/** A router on that clock, which has not started. */
export function testRouterOf(
  options: CreateRouterOptions<ChannelSources, AnyConfig>,
  clock = createSimulatedClock(),
  sinks = new Map<string, TestSink>(),
): TestRouter<unknown> {
  const schemas = new Map<string, StandardSchemaV1>();
  const channels = Object.entries(options.channels ?? {}).map(([name, source]) => {
    // The router refuses what is no function with its own message.
    if (typeof source !== 'function') return [name, source];
    const make = factoryOf<AnyChannel>(source);
    const seen = (): AnyChannel => {
      const channel = make();
      if (!(channel instanceof ProcessingChannel)) return channel;
      giveClock(channel, clock);
      // `static events` belongs to the class of the instance, which only its constructor knows.
      const { events } = channel.constructor as { readonly events?: StandardSchemaV1 | undefined };
      if (events !== undefined) schemas.set(name, events);
      return channel;
    };
    return [name, seen];
  });
  const router = createRouter({ ...options, clock, channels: Object.fromEntries(channels) });
  return new TestRouter(router, clock, schemas, sinks);
}

type TestSink = Sink<ProcessingChannel<TestMessage, unknown>>;

function sinkOf(sinks: Map<string, TestSink>, name: string, clock: SimulatedClock): TestSink {
  // Test messages are what a channel without a class gets.
  const sink = sinks.get(name) ?? (createSink({ clock }) as TestSink);
  sinks.set(name, sink);
  return sink;
}

type Fact = { [Type in keyof RouterFacts]: readonly [Type, RouterFacts[Type]] }[keyof RouterFacts];

/** A router on a simulated clock, and the record of its events and facts. Made by `createTestRouter`. */
export class TestRouter<Emits = AnyEmitted> implements AsyncDisposable {
  readonly router: DataChannelRouter<Emits>;
  readonly clock: SimulatedClock;
  readonly #events: Emits[] = [];
  readonly #facts: Fact[] = [];
  /** Of the events of each channel, which a router in production does not check. */
  readonly #schemas: ReadonlyMap<string, StandardSchemaV1>;
  readonly #problems: string[] = [];
  readonly #sinks: Map<string, TestSink>;

  constructor(
    router: DataChannelRouter<Emits>,
    clock: SimulatedClock,
    schemas: ReadonlyMap<string, StandardSchemaV1>,
    sinks: Map<string, TestSink>,
  ) {
    this.router = router;
    this.clock = clock;
    this.#schemas = schemas;
    this.#sinks = sinks;
    // Everything except `event` is a fact, under its own name.
    router.events.on('*', (type, fact) => {
      if (type !== 'event') return void this.#facts.push([type, fact] as Fact);
      this.#events.push(fact as Emits);
      this.#checkEvent(fact as AnyEmitted);
    });
  }

  /** The events that the channels emitted, in order. */
  get events(): readonly Emits[] {
    return this.#events;
  }

  /** The sink of a channel without a class, from `sinks` or for `router.add(name, sink(name).channel)`. */
  sink(name: string): TestSink {
    return sinkOf(this.#sinks, name, this.clock);
  }

  /** The metrics of one channel. */
  metrics(channel: string): ChannelMetrics {
    const metrics = this.router.metrics().channels[channel];
    if (metrics === undefined) throw new SluiceError('unknown-channel', `metrics: there is no channel ${channel}`);
    return metrics;
  }

  /** The facts of one kind, in order. */
  facts<Type extends keyof RouterFacts>(type: Type): readonly RouterFacts[Type][] {
    return this.#facts.flatMap(([name, fact]) => (name === type ? [fact as RouterFacts[Type]] : []));
  }

  /** The states that a channel entered, in order; `tick/0` names a partition. */
  states(channel: string): readonly string[] {
    return this.facts('channel.entered').flatMap((fact) => (fact.channel === channel ? [fact.to] : []));
  }

  /**
   * Advances time by `ms` and runs what becomes due on the way. Rejects if messages are not accounted for, or if a
   * channel emitted a wrong event.
   */
  async advance(ms: number): Promise<void> {
    this.checkConserved();
    await this.clock.advance(ms);
    this.checkConserved();
    this.#verifyEvents();
  }

  /** Throws if messages are not accounted for now. */
  checkConserved(): void {
    const problems = checkConservation(this.router.metrics());
    if (problems.length > 0) throw new Error(problems.join('; '));
  }

  /**
   * Advances time until a promise settles, and throws after ten simulated minutes. Time may advance too far by
   * up to 10 ms, or 10 % of the elapsed time.
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
      if (passedMs >= LIMIT_MS)
        throw new Error(`the promise did not settle within ${LIMIT_MS} ms: ${this.explanations()}`);
      await this.clock.advance(Math.max(STEP_MS, Math.floor(passedMs / 10)));
    }
    const value = await promise;
    this.#verifyEvents();
    return value;
  }

  /** The sentence of `explain` for each channel. */
  explanations(): string {
    return [...this.router.channels.keys()].map((name) => this.router.explain(name).sentence).join(' ');
  }

  /** Stops the router and advances time until that is done. A second call returns the same report. */
  stop(options?: StopOptions): Promise<DrainReport> {
    return this.advanceUntil(this.router.stop(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #checkEvent({ channel, event }: AnyEmitted): void {
    const schema = this.#schemas.get(channel);
    try {
      if (schema !== undefined) checkBySchema(schema, event);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#problems.push(`${channel} emitted an event that its 'events' does not allow: ${why}`);
    }
  }

  /** Throws if there were wrong events since the last call. */
  #verifyEvents(): void {
    const problems = this.#problems.splice(0);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }
}
