import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type ChannelSource, factoryOf, makeInstance } from '../channel/channel-source.ts';
import type { AnyChannel, ChannelFactory } from '../channel/processing-channel.ts';
import type { Services } from '../channel/services.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { isMap } from '../config/field.ts';
import { namedLayer } from '../config/layers.ts';
import { configOf, layersOf, parseConfig, remember, resolveLayers, withoutChannel } from '../config/parse.ts';
import type { ChannelConfig, RouterConfig } from '../config/schema.ts';
import { Breaker } from '../core/breaker.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { checkRecorder } from '../recorder/flight-recorder.ts';
import { ChannelEntry, rulesOf } from './channel-entry.ts';
import type { AnyConfig, ChannelInput, RouterOptions } from './router-options.ts';

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
}

/** Checks everything that can be wrong with the options; throws `SluiceError` with all mistakes. */
export function planRouter(options: RouterOptions): Plan {
  const { channels = {} } = options;
  // `{ __proto__: … }` gives an object another prototype, and names nothing.
  const above: unknown = Object.getPrototypeOf(channels);
  if (!isMap(channels) || (above !== null && Object.getPrototypeOf(above) !== null))
    throw new SluiceError('invalid-option', 'channels must be a plain map of names and channels');
  const sources = Object.entries(channels);
  if (sources.length === 0)
    throw new SluiceError('invalid-option', 'channels must name at least one channel: { tick: TradeChannel }');
  if (options.recorder !== undefined) checkRecorder(options.recorder);
  const factories = new Map(sources.map(([name, source]) => [name, factoryOf(source)]));
  const written = parseConfig(options.config ?? {});
  const names = [...factories.keys()].filter((name) => configOf(written, name) === undefined);
  const unnamed = new Map(names.map((name) => [name, {}]));
  return { options, factories, unnamed, ...check(written, factories, unnamed, new Map()) };
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
  const config = withUnnamed(written, unnamed);
  const goes = [...running.keys()].filter((name) => configOf(config, name) === undefined);
  if (goes.length > 0 && Object.keys(written.channels).length === 0) {
    const text = `a configuration that names no channel would take out ${goes.join(', ')}; remove(name) takes one out`;
    throw new SluiceError('refused', text);
  }
  const instances = new Map<string, AnyChannel>();
  const rules = new Map<string, StandardSchemaV1>();
  for (const [name, factory] of factories) {
    if (configOf(config, name) === undefined) continue;
    const instance = running.has(name) ? undefined : makeInstance(name, factory);
    if (instance !== undefined) instances.set(name, instance);
    const schema = running.get(name)?.rules ?? rulesOf(instance);
    if (schema !== undefined) rules.set(name, schema);
  }
  return { config: checkEventRules(config, rules), instances };
}

const UNNAMED = 'channels';

/** Lays what code said of channels over what files say of them; what a configuration in code says of them wins over both. */
function withUnnamed(written: RouterConfig, unnamed: Unnamed): RouterConfig {
  const isNamed = (name: string): boolean => configOf(written, name) !== undefined;
  const said = [...unnamed].filter(([name, input]) => !isNamed(name) || Object.keys(input).length > 0);
  if (said.length === 0) return written;
  const layers = layersOf(written);
  const files = layers.filter(({ name }) => name === undefined);
  // The configuration in force may be given again: then it holds what was laid over it the last time.
  const code = layers.filter(({ name }) => name !== undefined && name !== UNNAMED);
  return resolveLayers([...files, namedLayer({ channels: Object.fromEntries(said) }, UNNAMED), ...code]);
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
    const unnamed = new Map([...this.#unnamed].filter(([name]) => running.has(name)));
    return check(input, new Map([...this.#given, ...this.#added]), unnamed, running);
  }

  /** Puts a configuration in force, once it was checked. */
  apply(config: RouterConfig): void {
    this.#config = config;
    const limits = Object.values(config.channels).flatMap(({ breaker }) => breaker || []);
    const shared = new Set(limits.map(({ shared }) => shared));
    for (const name of this.#breakers.keys()) if (!shared.has(name)) this.#breakers.delete(name);
  }

  /**
   * Defines another channel: its configuration is checked with all others. Returns the instance that was made to read its
   * rules. Throws every mistake, and then nothing has changed. `assertFree` throws when the channel cannot be added, as may be so only after its constructor has run.
   */
  add(name: string, source: ChannelSource, input: ChannelInput, assertFree: () => void): AnyChannel | undefined {
    const factory = factoryOf(source);
    const instance = makeInstance(name, factory);
    assertFree();
    const layers = [...layersOf(this.#config), namedLayer({ channels: { [name]: input } }, 'add')];
    const schema = rulesOf(instance);
    const rules = new Map(schema === undefined ? [] : [[name, schema]]);
    const added = configOf(checkEventRules(resolveLayers(layers), rules), name);
    const channels = { ...this.#config.channels, ...(added && { [name]: added }) };
    this.apply(remember({ router: this.#config.router, channels }, layers));
    this.#added.set(name, factory);
    this.#unnamed.set(name, input);
    return instance;
  }

  /** The channel is gone, and so is all that only it needed. */
  remove(name: string): void {
    this.apply(withoutChannel(this.#config, name));
    this.#added.delete(name);
    this.#unnamed.delete(name);
  }

  /** Makes a channel of the configuration in force. */
  make(name: string, instance?: AnyChannel, predecessor?: ChannelEntry): ChannelEntry {
    const config = configOf(this.#config, name);
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
