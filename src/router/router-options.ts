import type { ChannelSources, RulesInputOf } from '../channel/channel-source.ts';
import type { OptionNames } from '../config/options.ts';
import type { RouterConfig, RouterConfigInput } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Discriminator, RecognitionRule } from '../core/recognition.ts';
import type { EventBus } from '../facts/bus.ts';
import type { Logger } from '../facts/logging.ts';
import type { RecorderOptions } from '../recorder/flight-recorder.ts';
import type { DeadLetterOptions, SourceInputs } from './sources.ts';

/** What a router is made of. */
export interface RouterOptions<Channels extends ChannelSources = ChannelSources, Config = AnyConfig> {
  /** The class of each channel, or a function that makes an instance, by name; at least one. Each restart makes anew. */
  readonly channels: Channels;
  /** From `loadConfig`, or written in code. Default: the defaults of each data type. */
  readonly config?: ConfigOf<Channels, Config>;
  /** Sources by name, each alone or with options: the router reads them and tells them what is settled. Default: none. */
  readonly sources?: SourceInputs;
  /** Where dead letters are kept. Default: in memory; with sources whose commits last, it has to be said. */
  readonly deadLetters?: DeadLetterOptions;
  /** A pino logger, or one of its shape. Default: silent. */
  readonly logger?: Logger;
  /** A mitt bus of the host's own to put events on. Default: a new one. */
  readonly events?: EventBus;
  /** How messages are told apart, or only its rules. What is said here wins over the configuration. Default: by `ev`. */
  readonly recognize?: readonly RecognitionRule[] | RecognizeOptions;
  /** Time. Default: the system's. */
  readonly clock?: Clock;
  /** Chance, for jitter. Default: seeded from the clock. */
  readonly random?: Random;
  /** Keeps the last facts and messages, and writes them to files when something goes wrong. Default: nothing is kept. */
  readonly recorder?: RecorderOptions;
}

/** How messages are told apart. Everything but the rules can stand in a configuration, as `router.recognize`, too. */
export interface RecognizeOptions extends Partial<Discriminator> {
  /** Asked first for the data type of a message, in order. Default: none. */
  readonly rules?: readonly RecognitionRule[];
  /** Values of the field, or data types, that nobody wants: such messages are only counted. Default: none. */
  readonly ignore?: readonly string[];
}

/** The names of these options. */
export const recognizeOptions: OptionNames<RecognizeOptions> = {
  rules: true,
  field: true,
  types: true,
  shapes: true,
  ignore: true,
};

type AnyChannelInput = NonNullable<RouterConfigInput['channels']>[string];

/** The names of these options. */
export const routerOptions: OptionNames<RouterOptions> = {
  channels: true,
  config: true,
  sources: true,
  deadLetters: true,
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
