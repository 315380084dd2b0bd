import type { ChannelSource } from '../channel/channel-source.ts';
import { type AnyChannel, ProcessingChannel } from '../channel/processing-channel.ts';
import { checkOptions } from '../config/options.ts';
import { type Around, clockOf, makerOf, type PayloadOf, wrapper } from './channel-source.ts';
import { type Reaction, succeed } from './reactions.ts';

/** What the calls of a sink meet. */
export interface SinkOptions {
  /** What the next calls meet, one after the other, over all instances. Default: nothing. */
  readonly script?: readonly Reaction[];
  /** What all calls after those meet. Default: `succeed()`. */
  readonly otherwise?: Reaction;
}

/** One call of `process`. */
export interface SinkCall<Message> {
  /** When it began, on the router's clock. */
  readonly at: number;
  readonly attempt: number;
  readonly trigger: string;
  readonly batch: readonly Message[];
  /** `late`: it ended after it was abandoned as hung, or after its channel was restarted. */
  readonly outcome: 'running' | 'succeeded' | 'failed' | 'late';
}

/** A channel that does as it is told, and the record of its calls. */
export interface Sink<Channel extends AnyChannel> {
  /** Makes an instance: `channels: { tick: sink.channel }`. */
  readonly channel: () => Channel;
  /** What the next calls meet; may be added to at any time. */
  readonly script: Reaction[];
  /** What calls meet when the script is over; may be replaced at any time. */
  otherwise: Reaction;
  readonly calls: readonly SinkCall<PayloadOf<Channel>>[];
  /** The messages of calls that ended well, without those that were named as failed, in order. */
  readonly delivered: readonly PayloadOf<Channel>[];
}

class BlankChannel extends ProcessingChannel<unknown> {
  override process(): void {}
}

/** A sink around a channel of your own, whose work is done after each reaction; or around one that does nothing. */
export function createSink(options?: SinkOptions): Sink<ProcessingChannel<unknown>>;
export function createSink<Channel extends AnyChannel>(
  channel: ChannelSource<Channel>,
  options?: SinkOptions,
): Sink<Channel>;
export function createSink(
  first?: ChannelSource<AnyChannel> | SinkOptions,
  second: SinkOptions = {},
): Sink<AnyChannel> {
  checkOptions('createSink', typeof first === 'function' ? second : (first ?? {}), { script: true, otherwise: true });
  return typeof first === 'function'
    ? new ScriptedSink(makerOf(first), second)
    : new ScriptedSink(() => new BlankChannel(), first ?? {});
}

interface Call {
  readonly at: number;
  readonly attempt: number;
  readonly trigger: string;
  readonly batch: readonly unknown[];
  readonly named: Set<number>;
  outcome: SinkCall<unknown>['outcome'];
}

class ScriptedSink implements Sink<AnyChannel> {
  readonly script: Reaction[];
  otherwise: Reaction;
  readonly calls: Call[] = [];
  readonly #make: () => AnyChannel;
  readonly #wrap = wrapper((channel) => ({ process: (...values) => this.#process(channel, ...values) }));

  constructor(make: () => AnyChannel, { script = [], otherwise = succeed() }: SinkOptions) {
    this.#make = make;
    this.script = [...script];
    this.otherwise = otherwise;
  }

  readonly channel = (): AnyChannel => this.#wrap(this.#make());

  get delivered(): readonly unknown[] {
    return this.calls.flatMap(({ outcome, batch, named }) =>
      outcome === 'succeeded' ? batch.filter((_message, index) => !named.has(index)) : [],
    );
  }

  #process(
    channel: AnyChannel,
    ...[own, batch, context]: Parameters<NonNullable<Around['process']>>
  ): void | Promise<void> {
    const { attempt, trigger } = context;
    const clock = clockOf(channel);
    const call: Call = { at: clock.now(), attempt, trigger, batch, named: new Set(), outcome: 'running' };
    this.calls.push(call);
    const ends = endOf(channel, call);
    const seen = observed(context, call.named);
    try {
      const reaction = (this.script.shift() ?? this.otherwise)({ batch, context: seen, clock });
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

/** Notes how a call ends. The batch of an abandoned call is not the channel's present one any more. */
function endOf(channel: AnyChannel, call: Call): (outcome: 'succeeded' | 'failed') => void {
  const { batch, lastBatchAt } = channel;
  return (outcome) => {
    const isLate = channel.batch.length !== batch.length || channel.lastBatchAt !== lastBatchAt;
    call.outcome = isLate ? 'late' : outcome;
  };
}

/** The context, which notes whom `fail` names. Its other members read the call as it is at that moment. */
function observed<Context extends Parameters<AnyChannel['process']>[1]>(context: Context, named: Set<number>): Context {
  return new Proxy(context, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'fail') {
        return (index: number, error: unknown) => {
          target.fail(index, error);
          named.add(index);
        };
      }
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
