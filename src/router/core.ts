import type { StandardSchemaV1 } from '@standard-schema/spec';
import { createSystemClock } from '../adapters/system-clock.ts';
import { type AnyChannel, type ChannelFactory, ProcessingChannel } from '../channel/processing-channel.ts';
import type { World } from '../channel/slot.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { codeLayer } from '../config/layers.ts';
import { layersOf, parseConfig, resolveLayers } from '../config/parse.ts';
import type { ChannelConfig, RouterConfig, RouterConfigInput } from '../config/schema.ts';
import { Breaker } from '../core/breaker.ts';
import type { Clock } from '../core/clock.ts';
import { DeadLetters } from '../core/dead-letters.ts';
import { createRandom, type Random } from '../core/random.ts';
import { Recognition, type RecognitionRule } from '../core/recognition.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { Turns } from '../core/turns.ts';
import { Alerts } from '../observe/alerts.ts';
import { Bus, type EventBus } from '../observe/bus.ts';
import { addLedgers, type Ledger } from '../observe/ledger.ts';
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
  readonly unnamed: ReadonlySet<string>;
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
  /** What makes each channel, also those that the configuration has taken out. */
  readonly factories: Map<string, ChannelFactory>;
  /** Channels that no configuration ever named: they live on the defaults of their type. */
  readonly unnamed: ReadonlySet<string>;
  /** Breakers that several channels share, by name. */
  readonly breakers: Map<string, Breaker>;
  readonly alerts: Alerts;
  /** The counts of channels that were taken out. */
  removed: Ledger;
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
  const names = Object.keys(options.channels);
  refuseUnknown(written, names);
  const config = withDefaults(written, names);
  const unnamed = new Set(names.filter((name) => written.channels[name] === undefined));
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

/** Puts a router together; nothing runs yet. */
export function buildCore({ options, config, unnamed, instances }: Plan): Core {
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
  const fleet = new Fleet(world, config.router);
  const core: Core = {
    config,
    world,
    deadLetters,
    fleet,
    intake: new Intake(recognition, world),
    factories: new Map(Object.entries(options.channels)),
    unnamed,
    breakers: new Map(),
    removed: addLedgers([]),
    alerts: new Alerts(world, fleet.channels),
  };
  for (const name of Object.keys(config.channels)) core.fleet.add(makeChannel(core, name, instances.get(name)));
  instances.clear();
  return core;
}

/** Makes a channel of the configuration in force, and routes its data type to it; `Fleet.add` starts it. */
export function makeChannel(core: Core, name: string, instance?: AnyChannel, predecessor?: Channel): Channel {
  const config = core.config.channels[name];
  const factory = core.factories.get(name);
  if (config === undefined || factory === undefined) throw new SluiceError('unknown-channel', `no channel '${name}'`);
  const rules = instance === undefined ? predecessor?.parts.rules : rulesOf(instance);
  const breaker = breakerFor(core, config, predecessor);
  const channel = new Channel({ config, factory, world: core.world, breaker, instance, rules }, predecessor);
  core.intake.registry.set(config.dataType, channel);
  return channel;
}

/** Its own, the one it had before a reload, or the one it shares; of a shared one, the limits named last hold. */
function breakerFor(core: Core, { breaker }: ChannelConfig, predecessor: Channel | undefined): Breaker | undefined {
  if (breaker === false) return undefined;
  const before = predecessor?.config.breaker;
  const isSame = before !== undefined && before !== false && before.shared === breaker.shared;
  const found = isSame ? predecessor?.breaker : core.breakers.get(breaker.shared ?? '');
  const made = found ?? new Breaker(breaker, core.world.clock, core.world.random);
  made.limits = breaker;
  if (breaker.shared !== undefined) core.breakers.set(breaker.shared, made);
  return made;
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

/** Channels that the configuration does not mention get the defaults of their data type. */
export function withDefaults(config: RouterConfig, names: readonly string[]): RouterConfig {
  const missing = names.filter((name) => config.channels[name] === undefined);
  if (missing.length === 0) return config;
  const channels = Object.fromEntries(missing.map((name) => [name, {}]));
  return resolveLayers([codeLayer({ channels }, 'channels'), ...layersOf(config)]);
}
