import { createSystemClock } from '../adapters/system-clock.ts';
import { type AnyChannel, type ChannelFactory, ProcessingChannel } from '../channel/processing-channel.ts';
import type { World } from '../channel/slot.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { codeLayer } from '../config/layers.ts';
import { layersOf, parseConfig, resolveLayers } from '../config/parse.ts';
import type { RouterConfig, RouterConfigInput } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import { DeadLetters } from '../core/dead-letters.ts';
import { createRandom, type Random } from '../core/random.ts';
import { Recognition, type RecognitionRule } from '../core/recognition.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { Turns } from '../core/turns.ts';
import { Bus, type EventBus } from '../observe/bus.ts';
import { type Logger, silentLogger } from '../observe/logger.ts';
import { containLogger, logFacts } from '../observe/logging.ts';
import { Channel, rulesOf } from './channel.ts';
import { Fleet } from './fleet.ts';
import { Intake } from './intake.ts';

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
}

/** What `createRouterLogic` checks once, before any actor is made of it. */
export interface Plan {
  readonly options: RouterOptions;
  readonly config: RouterConfig;
  /** Instances that were made to read their rules; the first router uses them up. */
  readonly instances: Map<string, AnyChannel>;
}

/** The parts of one router. */
export interface Core {
  config: RouterConfig;
  readonly world: World;
  readonly fleet: Fleet;
  readonly intake: Intake;
  readonly deadLetters: DeadLetters;
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
  const written = parseConfig(options.config ?? {});
  for (const name of Object.keys(written.channels)) {
    if (options.channels[name] !== undefined) continue;
    const known = factories.map(([known]) => known).join(', ');
    throw new SluiceError(
      'unknown-channel',
      `config.channels.${name}: no class is given for it; channels has ${known}`,
    );
  }
  const config = withDefaults(written, Object.keys(options.channels));
  const instances = new Map<string, AnyChannel>();
  for (const [name, factory] of factories) {
    const instance = makeInstance(name, factory);
    if (instance !== undefined) instances.set(name, instance);
  }
  return { options, config: checkRules(config, instances), instances };
}

/** Puts a router together; nothing runs yet. */
export function buildCore({ options, config, instances }: Plan): Core {
  const bus = new Bus(options.events);
  const clock = options.clock ?? createSystemClock();
  const random = options.random ?? createRandom(clock.wallTime());
  const logger = options.logger === undefined ? silentLogger : containLogger(options.logger, bus);
  if (options.logger !== undefined) logFacts(bus, logger);
  const deadLetters = new DeadLetters(config.router.deadLetters.capacity);
  const world: World = {
    clock,
    random,
    bus,
    logger,
    turns: new Turns(clock, config.router),
    keepDeadLetter(channel, reason, message, error, attempts) {
      const letter = deadLetters.add({ channel, reason, message, error, attempts, at: clock.wallTime() });
      bus.publish('message.deadLettered', letter);
    },
  };
  const ruleFailed = (error: unknown): void => bus.fault('rule', error);
  const recognition = new Recognition({ ...(options.recognise && { rules: options.recognise }), ruleFailed });
  const core: Core = {
    config,
    world,
    deadLetters,
    fleet: new Fleet(world, config.router),
    intake: new Intake(recognition, world),
  };
  for (const [name, factory] of Object.entries(options.channels)) addChannel(core, name, factory, instances.get(name));
  instances.clear();
  return core;
}

/** Registers a channel and, in a running router, starts it. Its configuration is in `core.config`. */
export function addChannel(core: Core, name: string, factory: ChannelFactory, instance?: AnyChannel): Channel {
  const config = core.config.channels[name];
  if (config === undefined) throw new SluiceError('unknown-channel', `no configuration for channel '${name}'`);
  const channel = new Channel(config, factory, core.world, instance);
  core.intake.registry.set(config.dataType, channel);
  core.fleet.add(channel);
  return channel;
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

/** Checks the `eventRules` of all channels by the rules of their classes. */
export function checkRules(config: RouterConfig, instances: ReadonlyMap<string, AnyChannel>): RouterConfig {
  const rules = new Map(
    [...instances].flatMap(([name, instance]) => {
      const schema = rulesOf(instance);
      return schema === undefined ? [] : [[name, schema] as const];
    }),
  );
  return checkEventRules(config, rules);
}

/** Channels that the configuration does not mention get the defaults of their data type. */
function withDefaults(config: RouterConfig, names: readonly string[]): RouterConfig {
  const missing = names.filter((name) => config.channels[name] === undefined);
  if (missing.length === 0) return config;
  const channels = Object.fromEntries(missing.map((name) => [name, {}]));
  return resolveLayers([codeLayer({ channels }, 'channels'), ...layersOf(config)]);
}
