import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type ChannelSource, factoryOf, makeInstance } from '../channel/channel-source.ts';
import type { AnyChannel, ChannelFactory } from '../channel/processing-channel.ts';
import type { Services } from '../channel/services.ts';
import { isMap } from '../config/field.ts';
import { type Layer, mergeLayers, namedLayer, type Source } from '../config/layers.ts';
import { checkOptions } from '../config/options.ts';
import { layersOf, remember, resolve, sourceOf, withoutChannel } from '../config/parse.ts';
import type { ChannelConfig, RouterConfig } from '../config/schema.ts';
import { valueAt } from '../config/walk.ts';
import { Breaker } from '../core/breaker.ts';
import type { RecognitionRule } from '../core/recognition.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { checkRecorder } from '../recorder/flight-recorder.ts';
import { ChannelEntry, rulesOf } from './channel-entry.ts';
import { type ChannelInput, type RouterOptions, recognizeOptions } from './router-options.ts';

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
  /** What code says; it wins for ever. */
  readonly code: Layer | undefined;
  readonly options: RouterOptions;
  readonly factories: Factories;
  readonly unnamed: Unnamed;
}

/** Checks everything that can be wrong with the options; throws `SluiceError` with all mistakes. */
export function planRouter(options: RouterOptions, source: Source = sourceOf(options.config ?? {})): Plan {
  const sources = Object.entries(options.channels ?? {});
  if (sources.length === 0)
    throw new SluiceError('invalid-option', 'channels must name at least one channel: { tick: TradeChannel }');
  if (options.recorder !== undefined) checkRecorder(options.recorder);
  const factories = new Map(sources.map(([name, source]) => [name, factoryOf(source)]));
  const named = namesIn(source);
  const unnamed = new Map([...factories.keys()].filter((name) => !named.has(name)).map((name) => [name, {}]));
  const code = recognizeLayer(options);
  return { options, factories, unnamed, code, ...check(under(code, source), factories, unnamed, new Map()) };
}

/** The rules among the options: `recognize` may be a list of them. */
export function rulesIn({ recognize = [] }: RouterOptions): readonly RecognitionRule[] {
  return isList(recognize) ? recognize : (recognize.rules ?? []);
}

function recognizeLayer({ recognize = [] }: RouterOptions): Layer | undefined {
  if (isList(recognize)) return undefined;
  checkOptions('recognize', recognize, recognizeOptions);
  const { rules: _, ...discriminator } = recognize;
  return namedLayer({ router: { recognize: discriminator } }, 'recognize');
}

function isList(recognize: NonNullable<RouterOptions['recognize']>): recognize is readonly RecognitionRule[] {
  return Array.isArray(recognize);
}

/** A configuration as code leaves it. A configuration that was in force has the layer already. */
function under(code: Layer | undefined, source: Source): Source {
  if (code === undefined) return source;
  return { ...source, layers: [...source.layers.filter(({ place }) => place !== code.place), code] };
}

/** The channels that a configuration names. */
function namesIn({ layers }: Source): ReadonlySet<string> {
  const channels = valueAt(mergeLayers(layers), ['channels']);
  return new Set(isMap(channels) ? Object.keys(channels) : []);
}

/** Everything that can be wrong with a configuration is found here. `running`: their classes need no new instance. */
function check(
  source: Source,
  factories: Factories,
  unnamed: Unnamed,
  running: ReadonlyMap<string, ChannelEntry>,
): Checked {
  const named = namesIn(source);
  const missing = new Map([...unnamed].filter(([name]) => !named.has(name)));
  const layers = [namedLayer({ channels: Object.fromEntries(missing) }, 'channels'), ...source.layers];
  const instances = new Map<string, AnyChannel>();
  const rules = new Map<string, StandardSchemaV1>();
  for (const [name, factory] of factories) {
    if (!named.has(name) && !missing.has(name)) continue;
    const instance = running.has(name) ? undefined : makeInstance(name, factory);
    if (instance !== undefined) instances.set(name, instance);
    const schema = running.get(name)?.rules ?? rulesOf(instance);
    if (schema !== undefined) rules.set(name, schema);
  }
  const whole = { ...source, layers: missing.size === 0 ? source.layers : layers };
  return { config: resolve(whole, { names: [...factories.keys()], rules }), instances };
}

/** What the channels of a router are made of: the configuration in force, factories, and breakers that several share. */
export class Definitions {
  readonly #services: Services;
  /** What the router was made with. A channel of these that was taken out comes back when a configuration names it. */
  readonly #given: Factories;
  /** What was added later, until it is removed. */
  readonly #added = new Map<string, ChannelFactory>();
  readonly #unnamed: Map<string, ChannelInput>;
  readonly #code: Layer | undefined;
  /** By the name that the configuration in force gives them. */
  readonly #breakers = new Map<string, Breaker>();
  #config: RouterConfig;

  constructor({ code, config, factories, unnamed }: Plan, services: Services) {
    this.#code = code;
    this.#services = services;
    this.#config = config;
    this.#given = factories;
    this.#unnamed = new Map(unnamed);
  }

  get config(): RouterConfig {
    return this.#config;
  }

  /** Checks another configuration; throws `SluiceError` with all mistakes. */
  check(source: Source, running: ReadonlyMap<string, ChannelEntry>): Checked {
    // A channel that only code knows stays; a channel that was configured and is no longer named goes.
    const unnamed = [...this.#unnamed].filter(([name]) => running.has(name));
    return check(under(this.#code, source), new Map([...this.#given, ...this.#added]), new Map(unnamed), running);
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
    const added = resolve({ layers, mistakes: [] }, { rules }).channels[name];
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
