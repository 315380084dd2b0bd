import type { StandardSchemaV1 } from '@standard-schema/spec';
import { isThenable, watch } from '../core/contained.ts';
import { invalidOption } from '../core/sluice-error.ts';
import { anotherCopy, isMarked } from './copies.ts';
import { type AnyChannel, type ChannelFactory, ProcessingChannel } from './processing-channel.ts';

/** A channel as a host names it: its class, or a function that makes an instance. */
export type ChannelSource<Channel extends AnyChannel = AnyChannel> = (new () => Channel) | (() => Channel);

/** The channels of a router, by name. */
export type ChannelSources = Readonly<Record<string, ChannelSource>>;

/** The instances of a source. */
export type ChannelOf<Source> = Source extends ChannelSource<infer Channel> ? Channel : never;

type AnyRules = Readonly<Record<string, unknown>>;

/** The `eventRules` that a configuration may give: known of a class with `rules`, anything for the others. */
export type RulesInputOf<Source> = Source extends { readonly rules?: infer Rules }
  ? NonNullable<Rules> extends StandardSchemaV1<infer Input>
    ? unknown extends Input
      ? AnyRules
      : Input
    : AnyRules
  : AnyRules;

/** Makes instances of a source. What is no function is left for `makeInstance` to refuse. */
export function factoryOf<Channel extends AnyChannel>(source: ChannelSource<Channel>): () => Channel {
  if (typeof source === 'function' && !isClass(source) && isMarked(source.prototype))
    throw anotherCopy(source.name === '' ? 'a class of a channel' : `the class ${source.name}`);
  // The prototype tells a class from a function that makes a channel.
  return isClass(source) ? () => new source() : (source as () => Channel);
}

function isClass<Channel extends AnyChannel>(source: ChannelSource<Channel>): source is new () => Channel {
  return typeof source === 'function' && source.prototype instanceof ProcessingChannel;
}

/** Makes an instance, as at a restart; throws what its constructor throws, or that it is not a channel. */
export function madeBy(factory: ChannelFactory): AnyChannel {
  return asChannel(factory(), 'a channel must be made anew');
}

/** Makes an instance to read its rules. Undefined: the constructor threw, and the supervisor will see it throw again. */
export function makeInstance(name: string, factory: ChannelFactory): AnyChannel | undefined {
  const form = `channels.${name} must be a channel class, or a function that makes a channel`;
  if (typeof factory !== 'function') throw invalidOption(`${form}, got ${typeof factory}`);
  let instance: unknown;
  try {
    instance = factory();
  } catch {
    return undefined;
  }
  return asChannel(instance, form);
}

function asChannel(instance: unknown, form: string): AnyChannel {
  if (instance instanceof ProcessingChannel) return instance;
  if (isMarked(instance)) throw anotherCopy('what the function of a channel makes');
  watch(instance);
  const what = isThenable(instance) ? 'a promise, not a channel' : 'something that is not a channel';
  throw invalidOption(`${form}; the function returned ${what}`);
}
