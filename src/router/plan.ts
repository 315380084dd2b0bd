import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type ChannelSources, factoryOf, makeInstance, type RulesInputOf } from '../channel/channel-source.ts';
import type { AnyChannel } from '../channel/processing-channel.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { namedLayer } from '../config/layers.ts';
import type { OptionNames } from '../config/options.ts';
import { layersOf, parseConfig, resolveLayers } from '../config/parse.ts';
import type { RouterConfig, RouterConfigInput } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { RecognitionRule } from '../core/recognition.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { EventBus } from '../facts/bus.ts';
import type { Logger } from '../facts/logging.ts';
import { checkRecorder, type RecorderOptions } from '../recorder/flight-recorder.ts';

/** What a router is made of. */
export interface RouterOptions<Channels extends ChannelSources = ChannelSources, Config = AnyConfig> {
  /** The class of each channel, or a function that makes an instance, by name; at least one. Each restart makes anew. */
  readonly channels: Channels;
  /** From `loadConfig`, or written in code. Default: the defaults of each data type. */
  readonly config?: ConfigOf<Channels, Config>;
  /** A pino logger, or one of its shape. Default: silent. */
  readonly logger?: Logger;
  /** A mitt bus of the host's own to put events on. Default: a new one. */
  readonly events?: EventBus;
  /** Rules that are asked first for the data type of a message. Default: none. */
  readonly recognize?: readonly RecognitionRule[];
  /** Time. Default: the system's. */
  readonly clock?: Clock;
  /** Chance, for jitter. Default: seeded from the clock. */
  readonly random?: Random;
  /** Keeps the last facts and messages, and writes them to files when something goes wrong. Default: nothing is kept. */
  readonly recorder?: RecorderOptions;
}

type AnyChannelInput = NonNullable<RouterConfigInput['channels']>[string];

/** The names of these options. */
export const routerOptions: OptionNames<RouterOptions> = {
  channels: true,
  config: true,
  logger: true,
  events: true,
  recognize: true,
  clock: true,
  random: true,
  recorder: true,
};

/** One channel as it may be written. */
export interface ChannelInput<EventRules = AnyChannelInput['eventRules']> extends Omit<AnyChannelInput, 'eventRules'> {
  /** What the channel's own `rules` allow. */
  readonly eventRules?: EventRules | undefined;
}

/** A configuration as it may be written for channels whose names and rules are known. */
export interface KnownConfig<Channels extends ChannelSources> extends Omit<RouterConfigInput, 'channels'> {
  readonly channels?: { readonly [Name in keyof Channels]?: ChannelInput<RulesInputOf<Channels[Name]>> };
}

/** A configuration as it was written, or as it is in force. */
export type AnyConfig = RouterConfigInput | RouterConfig;

/** A configuration that is written in place must fit the channels; any other is checked when the router is made. */
type ConfigOf<Channels extends ChannelSources, Config> = Config extends AnyConfig
  ? string extends keyof NonNullable<Config['channels']>
    ? Config
    : KnownConfig<Channels>
  : KnownConfig<Channels>;

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
  const sources = Object.entries(options.channels ?? {});
  if (sources.length === 0) {
    throw new SluiceError('invalid-option', 'channels must name at least one channel: { tick: TradeChannel }');
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
  for (const [name, source] of sources) {
    const instance = makeInstance(name, factoryOf(source));
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
  return resolveLayers([namedLayer({ channels: Object.fromEntries(missing) }, 'channels'), ...layersOf(config)]);
}

/** The schema a channel class checks its `eventRules` by. */
export function rulesOf(channel: AnyChannel): StandardSchemaV1 | undefined {
  // `static rules` belongs to the class of the instance, which only its constructor knows.
  return (channel.constructor as { readonly rules?: StandardSchemaV1 }).rules;
}
