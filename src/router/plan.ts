import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type AnyChannel, type ChannelFactory, ProcessingChannel } from '../channel/processing-channel.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { codeLayer } from '../config/layers.ts';
import { layersOf, parseConfig, resolveLayers } from '../config/parse.ts';
import type { RouterConfig, RouterConfigInput } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { RecognitionRule } from '../core/recognition.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { EventBus } from '../facts/bus.ts';
import type { Logger } from '../facts/logger.ts';
import { checkRecorder, type RecorderOptions } from '../report/flight-recorder.ts';

/** The classes of a router's channels, by channel name. */
export type ChannelFactories = Readonly<Record<string, ChannelFactory>>;

/** What a router is made of. */
export interface RouterOptions<Channels extends ChannelFactories = ChannelFactories> {
  /** Makes an instance of each channel: at the start, and again at each restart. At least one. */
  readonly channels: Channels;
  /** From `loadConfig`, or written in code. Default: the defaults of each data type. */
  readonly config?: RouterConfigInput | RouterConfig;
  /** A pino logger, or one of its shape. Default: silent. */
  readonly logger?: Logger;
  /** A mitt bus of the host's own to put events on. Default: a new one. */
  readonly events?: EventBus;
  /** Rules that are asked first for the data type of a message. Default: none. */
  readonly recognise?: readonly RecognitionRule[];
  /** Time. Default: the system's. */
  readonly clock?: Clock;
  /** Chance, for jitter. Default: seeded from the clock. */
  readonly random?: Random;
  /** Keeps the last facts and messages, and writes them to files when something goes wrong. Default: nothing is kept. */
  readonly recorder?: RecorderOptions;
}

/** One channel as it may be written. */
export type ChannelInput = NonNullable<RouterConfigInput['channels']>[string];

/** What `createRouterLogic` checks once, before any actor is made of it. */
export interface Plan {
  readonly options: RouterOptions;
  readonly config: RouterConfig;
  /** Channels that no configuration names, and what code says of them. */
  readonly unnamed: Map<string, ChannelInput>;
  /** Instances that were made to read their rules; the first router uses them up. */
  readonly instances: Map<string, AnyChannel>;
}

/** Checks everything that can be wrong with the options; throws `SluiceError` with all mistakes. */
export function planRouter(options: RouterOptions): Plan {
  const factories = Object.entries(options.channels ?? {});
  if (factories.length === 0) {
    throw new SluiceError(
      'invalid-option',
      'channels must name at least one channel: { tick: () => new TradeChannel() }',
    );
  }
  if (options.recorder !== undefined) checkRecorder(options.recorder);
  const written = parseConfig(options.config ?? {});
  const names = Object.keys(options.channels);
  refuseUnknown(written, names);
  const unnamed = new Map<string, ChannelInput>(
    names.filter((name) => written.channels[name] === undefined).map((name) => [name, {}]),
  );
  const config = withUnnamed(written, unnamed);
  const instances = new Map<string, AnyChannel>();
  for (const [name, factory] of factories) {
    const instance = makeInstance(name, factory);
    if (instance !== undefined) instances.set(name, instance);
  }
  return { options, config: checkEventRules(config, rulesByName(instances)), unnamed, instances };
}

/** A channel that is configured and that no class serves would be silently dead. */
export function refuseUnknown(config: RouterConfig, names: readonly string[]): void {
  for (const name of Object.keys(config.channels)) {
    if (names.includes(name)) continue;
    const text = `config.channels.${name}: no class is given for it; channels has ${names.join(', ')}`;
    throw new SluiceError('unknown-channel', text);
  }
}

/** Makes an instance to read its rules; one that throws is left to the supervisor, which will see it throw again. */
export function makeInstance(name: string, factory: ChannelFactory): AnyChannel | undefined {
  const form = `channels.${name} must be a function that makes a channel: () => new MyChannel()`;
  if (typeof factory !== 'function') throw new SluiceError('invalid-option', `${form}, got ${typeof factory}`);
  if (factory.prototype instanceof ProcessingChannel) {
    throw new SluiceError('invalid-option', `${form}, got the class ${factory.name} itself`);
  }
  let instance: unknown;
  try {
    instance = factory();
  } catch {
    return undefined;
  }
  if (instance instanceof ProcessingChannel) return instance;
  throw new SluiceError('invalid-option', `${form}, it gave something that does not extend ProcessingChannel`);
}

/** The rules of those classes that have some, by channel. */
export function rulesByName(instances: ReadonlyMap<string, AnyChannel>): Map<string, StandardSchemaV1> {
  const rules = new Map<string, StandardSchemaV1>();
  for (const [name, instance] of instances) {
    const schema = rulesOf(instance);
    if (schema !== undefined) rules.set(name, schema);
  }
  return rules;
}

/** Adds the channels that the configuration does not mention, as code describes them. */
export function withUnnamed(config: RouterConfig, unnamed: ReadonlyMap<string, ChannelInput>): RouterConfig {
  const missing = [...unnamed].filter(([name]) => config.channels[name] === undefined);
  if (missing.length === 0) return config;
  return resolveLayers([codeLayer({ channels: Object.fromEntries(missing) }, 'channels'), ...layersOf(config)]);
}

/** The schema a channel class checks its `eventRules` by. */
export function rulesOf(channel: AnyChannel): StandardSchemaV1 | undefined {
  // `static rules` belongs to the class of the instance, which only its constructor knows.
  return (channel.constructor as { readonly rules?: StandardSchemaV1 }).rules;
}
