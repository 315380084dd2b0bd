import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type ChannelSource, factoryOf, makeInstance } from '../channel/channel-source.ts';
import type { AnyChannel, ChannelFactory } from '../channel/processing-channel.ts';
import type { Services } from '../channel/services.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { namedLayer } from '../config/layers.ts';
import { layersOf, parseConfig, remember, resolveLayers, withoutChannel } from '../config/parse.ts';
import type { ChannelConfig, RouterConfig } from '../config/schema.ts';
import { Breaker } from '../core/breaker.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { checkRecorder } from '../recorder/flight-recorder.ts';
import { ChannelEntry, rulesOf } from './channel-entry.ts';
import type { AnyConfig, ChannelInput, RouterOptions } from './router-options.ts';
import { type PlannedSource, planSources } from './sources.ts';

type Factories = ReadonlyMap<string, ChannelFactory>;
/** Channels that no configuration names, and what code says of them: a reload leaves them alone. */
type Unnamed = ReadonlyMap<string, ChannelInput>;

/** A configuration that was checked, also by the rules of the channel classes. */
export interface Checked {
  readonly config: RouterConfig;
  /** Made to read the rules of channels that do not run yet; the first life of each uses its instance up. */
  readonly instances: Map<string, AnyChannel>;
}

/** What `createRouterLogic` checks once, before any actor is made of it. */
export interface Plan extends Checked {
  readonly options: RouterOptions;
  readonly factories: Factories;
  readonly unnamed: Unnamed;
  readonly sources: readonly PlannedSource[];
}

/** Checks everything that can be wrong with the options; throws `SluiceError` with all mistakes. */
export function planRouter(options: RouterOptions): Plan {
  const given = Object.entries(options.channels ?? {});
  if (given.length === 0)
    throw new SluiceError('invalid-option', 'channels must name at least one channel: { tick: TradeChannel }');
  if (options.recorder !== undefined) checkRecorder(options.recorder);
  const factories = new Map(given.map(([name, source]) => [name, factoryOf(source)]));
  const sources = planSources(options.sources ?? {}, [...factories.keys()]);
  const written = parseConfig(options.config ?? {});
  const names = [...factories.keys()].filter((name) => written.channels[name] === undefined);
  const unnamed = new Map(names.map((name) => [name, {}]));
  return { options, factories, unnamed, sources, ...check(written, factories, unnamed, new Map()) };
}

/** Everything that can be wrong with a configuration is found here. `running`: their classes need no new instance. */
function check(
  input: AnyConfig,
  factories: Factories,
  unnamed: Unnamed,
  running: ReadonlyMap<string, ChannelEntry>,
): Checked {
  const written = parseConfig(input);
  for (const name of Object.keys(written.channels)) {
    if (factories.has(name)) continue;
    // A configured channel without a class would receive nothing, without a sign of it.
    const text = `config.channels.${name}: no class is given for it; channels has ${[...factories.keys()].join(', ')}`;
    throw new SluiceError('unknown-channel', text);
  }
  const missing = [...unnamed].filter(([name]) => written.channels[name] === undefined);
  const layers = [namedLayer({ channels: Object.fromEntries(missing) }, 'channels'), ...layersOf(written)];
  const config = missing.length === 0 ? written : resolveLayers(layers);
  const instances = new Map<string, AnyChannel>();
  const rules = new Map<string, StandardSchemaV1>();
  for (const [name, factory] of factories) {
    if (config.channels[name] === undefined) continue;
    const instance = running.has(name) ? undefined : makeInstance(name, factory);
    if (instance !== undefined) instances.set(name, instance);
    const schema = running.get(name)?.rules ?? rulesOf(instance);
    if (schema !== undefined) rules.set(name, schema);
  }
  return { config: checkEventRules(config, rules), instances };
}

/** What the channels of a router are made of: the configuration in force, factories, and breakers that several share. */
export class Definitions {
  readonly #services: Services;
  /** What the router was made with. A channel of these that was taken out comes back when a configuration names it. */
  readonly #given: Factories;
  /** What was added later, until it is removed. */
  readonly #added = new Map<string, ChannelFactory>();
  readonly #unnamed: Map<string, ChannelInput>;
  /** By the name that the configuration in force gives them. */
  readonly #breakers = new Map<string, Breaker>();
  #config: RouterConfig;

  constructor({ config, factories, unnamed }: Plan, services: Services) {
    this.#services = services;
    this.#config = config;
    this.#given = factories;
    this.#unnamed = new Map(unnamed);
  }

  get config(): RouterConfig {
    return this.#config;
  }

  /** Checks another configuration; throws `SluiceError` with all mistakes. */
  check(input: AnyConfig, running: ReadonlyMap<string, ChannelEntry>): Checked {
    // A channel that only code knows stays; a channel that was configured and is no longer named goes.
    const unnamed = [...this.#unnamed].filter(([name]) => running.has(name));
    return check(input, new Map([...this.#given, ...this.#added]), new Map(unnamed), running);
  }

  /** Puts a configuration in force, once it was checked. */
  apply(config: RouterConfig): void {
    this.#config = config;
    const limits = Object.values(config.channels).flatMap(({ breaker }) => breaker || []);
    const shared = new Set(limits.map(({ shared }) => shared));
    for (const name of this.#breakers.keys()) if (!shared.has(name)) this.#breakers.delete(name);
  }

  /**
   * Defines another channel: its configuration is checked with all others. Throws every mistake, and then nothing has
   * changed.
   */
  add(name: string, source: ChannelSource, input: ChannelInput): ChannelEntry {
    const factory = factoryOf(source);
    const layers = [...layersOf(this.#config), namedLayer({ channels: { [name]: input } }, 'add')];
    const instance = makeInstance(name, factory);
    const schema = rulesOf(instance);
    const rules = new Map(schema === undefined ? [] : [[name, schema]]);
    const added = checkEventRules(resolveLayers(layers), rules).channels[name];
    const channels = { ...this.#config.channels, ...(added && { [name]: added }) };
    this.apply(remember({ router: this.#config.router, channels }, layers));
    this.#added.set(name, factory);
    this.#unnamed.set(name, input);
    return this.make(name, instance);
  }

  /** The channel is gone, and so is all that only it needed. */
  remove(name: string): void {
    this.apply(withoutChannel(this.#config, name));
    this.#added.delete(name);
    this.#unnamed.delete(name);
  }

  /** Makes a channel of the configuration in force. */
  make(name: string, instance?: AnyChannel, predecessor?: ChannelEntry): ChannelEntry {
    const config = this.#config.channels[name];
    const factory = this.#added.get(name) ?? this.#given.get(name);
    if (config === undefined || factory === undefined) throw new SluiceError('unknown-channel', `no channel '${name}'`);
    const breaker = this.#breakerFor(config, predecessor);
    return new ChannelEntry({ config, factory, services: this.#services, breaker, instance }, predecessor);
  }

  /** Its own, the one it had before a reload, or the one it shares; of a shared one, the limits named last hold. */
  #breakerFor({ breaker: limits }: ChannelConfig, predecessor: ChannelEntry | undefined): Breaker | undefined {
    if (limits === false) return undefined;
    const before = predecessor?.config.breaker;
    const own = before && before.shared === undefined ? predecessor?.breaker : undefined;
    // The first to share a breaker brings its own.
    const found = this.#breakers.get(limits.shared ?? '') ?? own;
    const made = found ?? new Breaker(limits, this.#services.clock, this.#services.random);
    made.limits = limits;
    if (limits.shared !== undefined) this.#breakers.set(limits.shared, made);
    return made;
  }
}
