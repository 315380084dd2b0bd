import { type ChannelSource, factoryOf } from '../channel/channel-source.ts';
import { type AnyChannel, ProcessingChannel } from '../channel/processing-channel.ts';
import { validatorOf } from '../channel/validator.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** The arguments of `process`. */
export type PayloadOf<Channel> =
  Channel extends ProcessingChannel<infer Payload, infer _Event, infer _Rules> ? Payload : never;

type Process = AnyChannel['process'];
type LifeStep = NonNullable<AnyChannel['warmUp']>;
type Next<Step extends (...values: never[]) => unknown> = (...values: Parameters<Step>) => ReturnType<Step>;

/** What a test does around the channel's own work, which is `own`. All are optional. */
export interface Around {
  readonly process: (own: Next<Process>, ...values: Parameters<Process>) => ReturnType<Process>;
  readonly warmUp?: (own: Next<LifeStep>, ...values: Parameters<LifeStep>) => ReturnType<LifeStep>;
  readonly close?: (own: Next<LifeStep>, ...values: Parameters<LifeStep>) => ReturnType<LifeStep>;
  /** A message passed the channel's own check and became this payload; it may still find the mailbox full. */
  readonly checked?: (payload: unknown) => void;
}

/** Makes instances of the source. Throws `SluiceError` `invalid-option` for what cannot be a channel. */
export function makerOf<Channel extends AnyChannel>(source: ChannelSource<Channel> | Channel): () => Channel {
  if (source instanceof ProcessingChannel) return () => source;
  if (typeof source !== 'function') {
    const allowed = 'the class of a channel, a function that makes one, or an instance';
    throw invalidOption(`channel must be ${allowed}, got ${typeof source}`);
  }
  return factoryOf(source);
}

/**
 * Wraps methods of instances for a test. Each instance keeps its class, private fields, schema and rules, so the test
 * runs the code of production; only these methods are replaced.
 */
export function wrapper(
  aroundOf: (channel: AnyChannel) => Around,
): <Channel extends AnyChannel>(channel: Channel) => Channel {
  // A factory may return the same instance for every life.
  const wrapped = new WeakSet<AnyChannel>();
  return (channel) => {
    if (!wrapped.has(channel)) putAround(channel, aroundOf(channel));
    wrapped.add(channel);
    return channel;
  };
}

function putAround(channel: AnyChannel, { process, warmUp, close, checked }: Around): void {
  // A validator reads `validate` of its instance for each message, so it calls the one below from now on.
  const original: AnyChannel = Object.create(channel, { validate: { value: channel.validate?.bind(channel) } });
  const check = validatorOf(original) ?? ((message: unknown) => message);
  const hide = (name: string, value: unknown): void => {
    Object.defineProperty(channel, name, { value, configurable: true });
  };
  hide('process', process.bind(undefined, channel.process.bind(channel)));
  if (warmUp !== undefined) hide('warmUp', warmUp.bind(undefined, channel.warmUp?.bind(channel) ?? nothing));
  if (close !== undefined) hide('close', close.bind(undefined, channel.close?.bind(channel) ?? nothing));
  if (checked === undefined) return;
  hide('validate', (message: unknown) => {
    const payload = check(message);
    checked(payload);
    return payload;
  });
}

const nothing = (): void => {};
const clocks = new WeakMap<AnyChannel, SimulatedClock>();

/** Stores the clock of the router for an instance. */
export function giveClock(channel: AnyChannel, clock: SimulatedClock): void {
  clocks.set(channel, clock);
}

/** The clock of the router of an instance; only routers of this kit have a simulated clock. */
export function clockOf(channel: AnyChannel): SimulatedClock {
  const clock = clocks.get(channel);
  if (clock !== undefined) return clock;
  throw new SluiceError('not-bound', 'a sink works only in routers of createTestRouter, testBatch and channelPaths');
}
