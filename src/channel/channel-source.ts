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

const FORM = 'must be a channel class, or a function that makes a channel';

/** Makes an instance, as at a restart; throws what its constructor throws, or that it is not a channel. */
export function madeBy(factory: ChannelFactory): AnyChannel {
  return asChannel(factory(), 'the channel');
}

/** Makes an instance to read its rules. Undefined: the constructor threw, and the supervisor will see it throw again. */
export function makeInstance(name: string, factory: ChannelFactory): AnyChannel | undefined {
  const place = `channels.${name}`;
  if (typeof factory !== 'function') throw invalidOption(`${place} ${FORM}, got ${typeof factory}`);
  let instance: unknown;
  try {
    instance = factory();
  } catch {
    return undefined;
  }
  return asChannel(instance, place);
}

function asChannel(instance: unknown, place: string): AnyChannel {
  if (instance instanceof ProcessingChannel) return instance;
  if (isMarked(instance)) throw anotherCopy(`what ${place} makes`);
  watch(instance);
  const what = isThenable(instance) ? 'a promise, not a channel' : 'something that is not a channel';
  throw invalidOption(`${place} ${FORM}; the function returned ${what}`);
}
