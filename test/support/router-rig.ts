import { expect } from 'vitest';
import type { RouterConfigInput } from '../../src/config/schema.ts';
import { isConserved } from '../../src/core/ledger.ts';
import {
  type BatchContext,
  type ChannelSources,
  type CreateRouterOptions,
  createRandom,
  createRouter,
  type DataChannelRouter,
  type DrainReport,
  ProcessingChannel,
  type RouterEvents,
} from '../../src/index.ts';
import { createSimulatedClock, type SimulatedClock } from '../../src/testing/simulated-clock.ts';

/** A message of any type: `n` tells it apart. */
export interface Message {
  readonly ev: string;
  readonly sym: string;
  readonly n: number;
}

export interface SinkCall {
  readonly at: number;
  readonly attempt: number;
  readonly trigger: string;
  readonly ageMs: number;
  readonly batch: readonly Message[];
  readonly context: BatchContext<unknown, unknown>;
  outcome: 'running' | 'succeeded' | 'failed';
}

/** What a sink does with one call of `process`. */
export type Reaction = (call: SinkCall, clock: SimulatedClock) => void | Promise<void>;

export const succeed: Reaction = () => {};
export const throwSync: Reaction = () => {
  throw new Error('sink failed');
};
export const reject: Reaction = () => Promise.reject(new Error('sink failed'));
export const rejectingWith = (error: unknown): Reaction => {
  return () => Promise.reject(error);
};
export const hang: Reaction = () => new Promise(() => {});
/** Settles after so many simulated milliseconds. */
export const slow = (ms: number): Reaction => {
  return (_call, clock) => new Promise((resolve) => void clock.setTimeout(resolve, ms));
};
/** Keeps the processor busy for so long: nothing else runs meanwhile. */
export const busy = (ms: number): Reaction => {
  return (_call, clock) => clock.jump(ms);
};
/** Fails every batch that holds one of these. */
export const refusing = (isPoison: (message: Message) => boolean): Reaction => {
  return ({ batch }) => {
    if (batch.some(isPoison)) throw new Error('failed');
  };
};

/** Where the instances of a channel deliver to; outlives their restarts. */
export class Sink {
  readonly calls: SinkCall[] = [];
  /** What the next calls meet, in order; then `reaction` holds. */
  readonly script: Reaction[] = [];
  reaction: Reaction = succeed;

  /** The numbers of the messages of calls that ended well, in order. */
  get delivered(): number[] {
    return this.calls.filter(({ outcome }) => outcome === 'succeeded').flatMap(({ batch }) => batch.map(({ n }) => n));
  }

  /** The numbers in the order in which each was handed over for the first time. */
  get offered(): number[] {
    return [...new Set(this.calls.flatMap(({ batch }) => batch.map(({ n }) => n)))];
  }
}

/** Delivers to a sink that does what a test has scripted. */
export class ScriptedChannel extends ProcessingChannel<Message, unknown> {
  readonly #sink: Sink;
  readonly #clock: SimulatedClock;

  constructor(sink: Sink, clock: SimulatedClock) {
    super();
    this.#sink = sink;
    this.#clock = clock;
  }

  override process(batch: readonly Message[], context: BatchContext<unknown, never>): void | Promise<void> {
    const { attempt, trigger, ageMs } = context;
    const call: SinkCall = { at: this.#clock.now(), attempt, trigger, ageMs, batch, context, outcome: 'running' };
    this.#sink.calls.push(call);
    const react = this.#sink.script.shift() ?? this.#sink.reaction;
    try {
      const result = react(call, this.#clock);
      if (result instanceof Promise) return result.then(...settling(call));
      if (result !== undefined) return result;
      call.outcome = 'succeeded';
    } catch (error) {
      call.outcome = 'failed';
      throw error;
    }
  }
}

function settling(call: SinkCall): [() => void, (error: unknown) => never] {
  return [
    () => {
      call.outcome = 'succeeded';
    },
    (error) => {
      call.outcome = 'failed';
      throw error;
    },
  ];
}

type ChannelInput = NonNullable<RouterConfigInput['channels']>[string];
type Fact = { [Type in keyof RouterEvents]: readonly [Type, RouterEvents[Type]] }[keyof RouterEvents];

export interface RigOptions extends Partial<Omit<CreateRouterOptions<ChannelSources>, 'config' | 'channels'>> {
  /** The channels, each with what its configuration says; a scripted sink stands behind each. */
  readonly channels?: Readonly<Record<string, ChannelInput>>;
  /** Classes of the test's own, instead of the scripted ones. */
  readonly classes?: ChannelSources;
  readonly router?: RouterConfigInput['router'];
  readonly seed?: number;
}

/** A router on a simulated clock. */
export class RouterRig {
  readonly clock = createSimulatedClock();
  readonly router: DataChannelRouter;
  readonly #sinks = new Map<string, Sink>();
  readonly #facts: Fact[] = [];

  constructor({ channels = { tick: {} }, classes = {}, router = {}, seed = 1, ...options }: RigOptions = {}) {
    const factories = Object.keys(channels).map((name) => [name, () => this.channel(name)]);
    this.router = createRouter({
      ...options,
      config: { router, channels },
      channels: { ...Object.fromEntries(factories), ...classes },
      clock: this.clock,
      random: createRandom(seed),
    });
    this.router.events.on('*', (...fact) => this.#facts.push(fact as unknown as Fact));
  }

  /** An instance for the sink of this name. */
  channel(name: string): ScriptedChannel {
    return new ScriptedChannel(this.sink(name), this.clock);
  }

  sink(name: string): Sink {
    const sink = this.#sinks.get(name) ?? new Sink();
    this.#sinks.set(name, sink);
    return sink;
  }

  /** The facts of one kind, in order. */
  facts<Type extends keyof RouterEvents>(type: Type): RouterEvents[Type][] {
    return this.#facts.flatMap(([name, fact]) => (name === type ? [fact as RouterEvents[Type]] : []));
  }

  states(channel: string): string[] {
    return this.facts('channel.entered').flatMap((fact) => (fact.channel === channel ? [fact.to] : []));
  }

  metrics(name: string) {
    const metrics = this.router.metrics().channels[name];
    if (metrics === undefined) throw new Error(`no metrics of ${name}`);
    return metrics;
  }

  async start(): Promise<this> {
    await this.during(this.router.start());
    return this;
  }

  /** Moves time on; conservation must hold before and after. */
  async advance(ms: number): Promise<void> {
    this.checkConserved();
    await this.clock.advance(ms);
    this.checkConserved();
  }

  stop(deadlineMs = 5_000): Promise<DrainReport> {
    return this.during(this.router.stop({ deadlineMs }));
  }

  /** Moves time on until the promise settles, a minute at most. */
  async during<Value>(promise: Promise<Value>): Promise<Value> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    promise.then(over, over);
    await this.clock.settle();
    for (let step = 0; !isOver && step < 6_000; step += 1) await this.clock.advance(10);
    expect(isOver, 'it settles within a simulated minute').toBe(true);
    return promise;
  }

  /** Both equations, for each channel. */
  checkConserved(): void {
    const metrics = this.router.metrics();
    expect(metrics.conserved).toBe(true);
    for (const channel of Object.values(metrics.channels))
      expect(isConserved(channel), JSON.stringify(channel)).toBe(true);
  }
}

export function createRig(options?: RigOptions): Promise<RouterRig> {
  return new RouterRig(options).start();
}

const events: Readonly<Record<string, string>> = { tick: 'T', ohlcv: 'AM', fmv: 'FMV' };

/** Message number `n` for a channel of one of the shipped data types. */
export function message(channel: string, n: number, sym = 'A'): Message {
  return { ev: events[channel] ?? channel, sym, n };
}

/** Messages number `from` to `from + count - 1`. */
export function messages(channel: string, count: number, from = 0): Message[] {
  return Array.from({ length: count }, (_, index) => message(channel, from + index));
}

/** The numbers from `from`, as `Sink.delivered` lists them. */
export function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}
