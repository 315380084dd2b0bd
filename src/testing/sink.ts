import type { ChannelSource } from '../channel/channel-source.ts';
import { type AnyChannel, type BatchContext, ProcessingChannel } from '../channel/processing-channel.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { type Around, clockOf, makerOf, type PayloadOf, wrapper } from './channel-source.ts';
import { type Reaction, succeed } from './reactions.ts';

/** What the calls of a sink meet. */
export interface SinkOptions<Message = unknown> {
  /** What the next calls meet, one after the other, over all instances. Default: nothing. */
  readonly script?: readonly Reaction<Message>[];
  /** What all calls after those meet. Default: `succeed()`. */
  readonly otherwise?: Reaction<Message>;
  /** How many of the latest calls are kept. Default: all. */
  readonly callsMax?: number;
  /** Time for the reactions. Default: that of the test router. */
  readonly clock?: Clock;
}

const sinkOptions: OptionNames<SinkOptions> = { script: true, otherwise: true, clock: true, callsMax: true };

/** One call of `process`. */
export interface SinkCall<Message> {
  /** When it began, on the router's clock. */
  readonly at: number;
  readonly attempt: number;
  readonly trigger: string;
  /** How long its oldest message had waited. */
  readonly ageMs: number;
  readonly batch: readonly Message[];
  readonly context: BatchContext;
  /** `late`: it ended after it was abandoned as hung, or after its channel was restarted. */
  readonly outcome: 'running' | 'succeeded' | 'failed' | 'late';
}

/** A channel that does as it is told, and the record of its calls. */
export interface Sink<Channel extends AnyChannel> {
  /** Makes an instance: `channels: { tick: sink.channel }`. */
  readonly channel: () => Channel;
  /** What the next calls meet; may be added to at any time. */
  readonly script: Reaction<PayloadOf<Channel>>[];
  /** What calls meet when the script is over; may be replaced at any time. */
  otherwise: Reaction<PayloadOf<Channel>>;
  readonly calls: readonly SinkCall<PayloadOf<Channel>>[];
  /** The messages of calls that ended well, without those that were named as failed, in order. */
  readonly delivered: readonly PayloadOf<Channel>[];
  /** All messages that `process` got, each once, in the order in which it got them first. */
  readonly offered: readonly PayloadOf<Channel>[];
}

class BlankChannel extends ProcessingChannel<unknown> {
  override process(): void {}
}

/** A sink around a channel of your own, whose work is done after each reaction; or around one that does nothing. */
export function createSink(options?: SinkOptions): Sink<ProcessingChannel<unknown>>;
export function createSink<Channel extends AnyChannel>(
  channel: ChannelSource<Channel>,
  options?: SinkOptions<PayloadOf<Channel>>,
): Sink<Channel>;
export function createSink(
  first?: ChannelSource<AnyChannel> | SinkOptions,
  second: SinkOptions = {},
): Sink<AnyChannel> {
  checkOptions('createSink', typeof first === 'function' ? second : (first ?? {}), sinkOptions);
  return typeof first === 'function'
    ? new ScriptedSink(makerOf(first), second)
    : new ScriptedSink(() => new BlankChannel(), first ?? {});
}

interface Call extends SinkCall<unknown> {
  readonly named: Set<number>;
  outcome: SinkCall<unknown>['outcome'];
}

class ScriptedSink implements Sink<AnyChannel> {
  readonly script: Reaction[];
  otherwise: Reaction;
  readonly calls: Call[] = [];
  readonly #make: () => AnyChannel;
  readonly #clock: Clock | undefined;
  readonly #callsMax: number;
  readonly #wrap = wrapper((channel) => ({ process: (...values) => this.#process(channel, ...values) }));

  constructor(make: () => AnyChannel, { script = [], otherwise = succeed(), clock, callsMax }: SinkOptions) {
    this.#make = make;
    this.#clock = clock;
    this.#callsMax = callsMax ?? Number.POSITIVE_INFINITY;
    this.script = [...script];
    this.otherwise = otherwise;
  }

  readonly channel = (): AnyChannel => this.#wrap(this.#make());

  get delivered(): readonly unknown[] {
    return this.calls.flatMap(({ outcome, batch, named }) =>
      outcome === 'succeeded' ? batch.filter((_message, index) => !named.has(index)) : [],
    );
  }

  get offered(): readonly unknown[] {
    return [...new Set(this.calls.flatMap(({ batch }) => batch))];
  }

  #process(
    channel: AnyChannel,
    ...[own, batch, context]: Parameters<NonNullable<Around['process']>>
  ): void | Promise<void> {
    const { attempt, trigger, ageMs } = context;
    const clock = this.#clock ?? clockOf(channel);
    const named = new Set<number>();
    const seen = observed(context, (index) => call.outcome === 'running' && named.add(index));
    const call: Call = { at: clock.now(), attempt, trigger, ageMs, batch, context: seen, named, outcome: 'running' };
    if (this.calls.push(call) > this.#callsMax) this.calls.shift();
    const ends = endOf(channel, call);
    try {
      const reaction = (this.script.shift() ?? this.otherwise)({ batch, context: seen, clock });
      // Something else than a promise is for the router to judge.
      if (reaction !== undefined && !(reaction instanceof Promise)) return reaction;
      const result = reaction instanceof Promise ? reaction.then(() => own(batch, seen)) : own(batch, seen);
      if (!(result instanceof Promise)) return ends('succeeded');
      return result.then(
        () => ends('succeeded'),
        (error) => {
          ends('failed');
          throw error;
        },
      );
    } catch (error) {
      ends('failed');
      throw error;
    }
  }
}

/** Notes how a call ends. After it was abandoned, the channel has no batch, or one that began later. */
function endOf(channel: AnyChannel, call: Call): (outcome: 'succeeded' | 'failed') => void {
  const { batch, lastBatchAt } = channel;
  return (outcome) => {
    const isLate = channel.batch.length !== batch.length || channel.lastBatchAt !== lastBatchAt;
    call.outcome = isLate ? 'late' : outcome;
  };
}

/** The context, which notes whom `fail` names. Its other members read the call as it is at that moment. */
function observed<Context extends BatchContext>(context: Context, note: (index: number) => void): Context {
  return new Proxy(context, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'fail') {
        return (index: number, error: unknown) => {
          target.fail(index, error);
          note(index);
        };
      }
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
