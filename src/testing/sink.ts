import type { ChannelSource } from '../channel/channel-source.ts';
import { type AnyChannel, type BatchContext, ProcessingChannel } from '../channel/processing-channel.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import type { Clock } from '../core/clock.ts';
import { type Around, clockOf, makerOf, type PayloadOf, wrapper } from './channel-source.ts';
import { type Reaction, succeed } from './reactions.ts';

/** The script of a sink. */
export interface SinkOptions<Message = unknown> {
  /** The reactions to the first calls, in order, across all instances. Default: none. */
  readonly script?: readonly Reaction<Message>[];
  /** The reaction to all later calls. Default: `succeed()`. */
  readonly otherwise?: Reaction<Message>;
  /** How many of the latest calls are kept. Default: all. */
  readonly callsMax?: number;
  /** The clock of the reactions. Default: the clock of the test router. */
  readonly clock?: Clock;
}

const sinkOptions: OptionNames<SinkOptions> = { script: true, otherwise: true, clock: true, callsMax: true };

/** One call of `process`. */
export interface SinkCall<Message> {
  /** The start of the call, on the router's clock. */
  readonly at: number;
  readonly attempt: number;
  readonly trigger: string;
  /** How long the oldest message of the batch had waited. */
  readonly ageMs: number;
  readonly batch: readonly Message[];
  readonly context: BatchContext;
  /** `late`: the call ended after it was abandoned as hung, or after its channel was restarted. */
  readonly outcome: 'running' | 'succeeded' | 'failed' | 'late';
}

/** A channel with a scripted sink, and the record of its calls. */
export interface Sink<Channel extends AnyChannel> {
  /** Makes an instance: `channels: { tick: sink.channel }`. */
  readonly channel: () => Channel;
  /** The reactions to the next calls; you can add more at any time. */
  readonly script: Reaction<PayloadOf<Channel>>[];
  /** The reaction when the script is over; you can replace it at any time. */
  otherwise: Reaction<PayloadOf<Channel>>;
  readonly calls: readonly SinkCall<PayloadOf<Channel>>[];
  /** The messages of successful calls, in order, without those that `context.fail` named. */
  readonly delivered: readonly PayloadOf<Channel>[];
  /** All messages that `process` got, each once, in the order of their first call. */
  readonly offered: readonly PayloadOf<Channel>[];
}

class BlankChannel extends ProcessingChannel<unknown> {
  override process(): void {}
}

/** A sink in front of your own channel, whose work follows each reaction; without a channel there is no work. */
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

  #process(channel: AnyChannel, ...[own, batch, context]: Parameters<NonNullable<Around['process']>>) {
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

/** Notes how a call ends. After the call was abandoned, the channel has no batch, or a later one. */
function endOf(channel: AnyChannel, call: Call): (outcome: 'succeeded' | 'failed') => void {
  const { batch, lastBatchAt } = channel;
  return (outcome) => {
    const isLate = channel.batch.length !== batch.length || channel.lastBatchAt !== lastBatchAt;
    call.outcome = isLate ? 'late' : outcome;
  };
}

/** A context that notes the messages that `fail` names. Its other members read the present call. */
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
