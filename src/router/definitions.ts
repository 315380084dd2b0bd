import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type ChannelSource, factoryOf, makeInstance } from '../channel/channel-source.ts';
import type { AnyChannel, ChannelFactory } from '../channel/processing-channel.ts';
import type { Services } from '../channel/services.ts';
import { isMap } from '../config/field.ts';
import { type Layer, mergeLayers, namedLayer, type Source } from '../config/layers.ts';
import { checkOptions } from '../config/options.ts';
import { configOf, layersOf, remember, resolve, sourceOf, withoutChannel } from '../config/parse.ts';
import type { ChannelConfig, RouterConfig } from '../config/schema.ts';
import { valueAt } from '../config/walk.ts';
import { Breaker } from '../core/breaker.ts';
import type { LetterStore } from '../core/letter-store-port.ts';
import type { RecognitionRule } from '../core/recognition.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import { checkRecorder } from '../recorder/flight-recorder.ts';
import { ChannelEntry, rulesOf } from './channel-entry.ts';
import { checkGiven } from './given.ts';
import { type ChannelInput, type RecognizeOptions, type RouterOptions, recognizeOptions } from './router-options.ts';
import { type PlannedSource, planSources, planStore } from './sources.ts';

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
  readonly rules: readonly RecognitionRule[];
  readonly factories: Factories;
  readonly unnamed: Unnamed;
  readonly sources: readonly PlannedSource[];
  /** Of dead letters; undefined: memory. */
  readonly store: LetterStore | undefined;
}

/** One for all: thousands of channels may be named by nothing but their class. */
const NOTHING_SAID: ChannelInput = Object.freeze({});

/** Checks everything that can be wrong with the options; throws `SluiceError` with all mistakes. */
export function planRouter(options: RouterOptions, source: Source = sourceOf(options.config ?? {})): Plan {
  const { channels = {} } = options;
  // `{ __proto__: … }` gives an object another prototype, and names nothing.
  const above: unknown = Object.getPrototypeOf(channels);
  if (!isMap(channels) || (above !== null && Object.getPrototypeOf(above) !== null))
    throw invalidOption('channels must be a plain map of names and channels');
  const given = Object.entries(channels);
  if (given.length === 0) throw invalidOption('channels must name at least one channel: { tick: TradeChannel }');
  checkGiven(options);
  if (options.recorder !== undefined) checkRecorder(options.recorder);
  const factories = new Map(given.map(([name, source]) => [name, factoryOf(source)]));
  const sources = planSources(options.sources ?? {}, [...factories.keys()]);
  const store = planStore(options.deadLetters, sources);
  const named = namesIn(source);
  const unnamed = new Map([...factories.keys()].filter((name) => !named.has(name)).map((name) => [name, NOTHING_SAID]));
  const { rules, code } = recognitionIn(options);
  return {
    // Copies: an actor may be made of them long after code has changed its own.
    options: { ...options },
    rules: [...rules],
    factories,
    unnamed,
    sources,
    store,
    code,
    ...check(under(code, source), factories, unnamed, new Map()),
  };
}

/** The rules among the options, and what else they say of recognition: `recognize` may be a list of rules. */
function recognitionIn({ recognize = [] }: RouterOptions): Pick<Plan, 'rules' | 'code'> {
  if (Array.isArray(recognize)) return { rules: recognize, code: undefined };
  // The compiler does not see that what is left is no list: `isArray` knows none that is read-only.
  const options = recognize as RecognizeOptions;
  checkOptions('recognize', options, recognizeOptions);
  const { rules = [], ...discriminator } = options;
  return { rules, code: namedLayer({ router: { recognize: discriminator } }, 'recognize') };
}

/** A configuration as code leaves it. A configuration that was in force has the layer already. */
function under(code: Layer | undefined, source: Source): Source {
  if (code === undefined) return source;
  return { ...source, layers: [...source.layers.filter(({ place }) => place !== code.place), code] };
}

/** The channels that a configuration names. */
function namesIn({ layers }: Source): ReadonlySet<string> {
  const maps = layers.map(({ value }) => valueAt(value, ['channels'])).filter(isMap);
  return new Set(maps.flatMap((channels) => Object.keys(channels)));
}

/** Everything that can be wrong with a configuration is found here. `running`: their classes need no new instance. */
function check(
  source: Source,
  factories: Factories,
  unnamed: Unnamed,
  running: ReadonlyMap<string, ChannelEntry>,
): Checked {
  const named = namesIn(source);
  // What code said of channels wins over what files say of them.
  const said = [...unnamed].filter(([name, input]) => !named.has(name) || Object.keys(input).length > 0);
  const instances = new Map<string, AnyChannel>();
  const rules = new Map<string, StandardSchemaV1>();
  for (const [name, factory] of factories) {
    if (!named.has(name) && !unnamed.has(name)) continue;
    const instance = running.has(name) ? undefined : makeInstance(name, factory);
    if (instance !== undefined) instances.set(name, instance);
    const schema = running.get(name)?.rules ?? rulesOf(instance);
    if (schema !== undefined) rules.set(name, schema);
  }
  const layers = said.length === 0 ? source.layers : withSaid(source.layers, Object.fromEntries(said));
  const config = resolve({ ...source, layers }, { names: [...factories.keys()], rules });
  const goes = [...running.keys()].filter((name) => configOf(config, name) === undefined);
  if (named.size > 0 || goes.length === 0) return { config, instances };
  const text = `a configuration that names no channel would take out ${goes.join(', ')}; remove(name) takes one out`;
  throw new SluiceError('refused', text);
}

const SAID = 'channels';

/** Lays what code said of channels over what files say; a configuration in code wins over both. */
function withSaid(layers: readonly Layer[], channels: Readonly<Record<string, ChannelInput>>): readonly Layer[] {
  const files = layers.filter(({ name }) => name === undefined);
  // A configuration that was in force has what was said before.
  const before = layers.filter(({ name }) => name === SAID);
  const said = mergeLayers([...before, namedLayer({ channels }, SAID)]);
  return [...files, namedLayer(said, SAID), ...codeIn(layers)];
}

/** What was written in code, but for what code said of channels: that may be laid over again. */
function codeIn(layers: readonly Layer[]): readonly Layer[] {
  return layers.filter(({ name }) => name !== undefined && name !== SAID);
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
  config: RouterConfig;

  constructor({ code, config, factories, unnamed }: Plan, services: Services) {
    this.#code = code;
    this.#services = services;
    this.config = config;
    this.#given = factories;
    this.#unnamed = new Map(unnamed);
  }

  /** What code said of the configuration in force: it wins over the file that is read next. */
  get code(): readonly Layer[] {
    return codeIn(layersOf(this.config));
  }

  /** Checks another configuration; throws `SluiceError` with all mistakes. */
  check(source: Source, running: ReadonlyMap<string, ChannelEntry>): Checked {
    // A channel that only code knows stays; a channel that was configured and is no longer named goes.
    const unnamed = new Map([...this.#unnamed].filter(([name]) => running.has(name)));
    return check(under(this.#code, source), new Map([...this.#given, ...this.#added]), unnamed, running);
  }

  /** Puts a configuration in force, once it was checked. */
  apply(config: RouterConfig): void {
    this.config = config;
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
    const said = namedLayer({ channels: { [name]: input } }, 'add');
    const layers = [...layersOf(this.config), said];
    const schema = rulesOf(instance);
    const rules = new Map(schema === undefined ? [] : [[name, schema]]);
    const added = configOf(resolve({ layers, mistakes: [] }, { rules }), name);
    const channels = { ...this.config.channels, ...(added && { [name]: added }) };
    this.apply(remember({ router: this.config.router, channels }, layers));
    this.#added.set(name, factory);
    // As it was now, checked above: code may change its object.
    this.#unnamed.set(name, valueAt(said.value, ['channels', name]) as ChannelInput);
    return instance;
  }

  /** The channel is gone, and so is all that only it needed. */
  remove(name: string): void {
    this.apply(withoutChannel(this.config, name));
    this.#added.delete(name);
    this.#unnamed.delete(name);
  }

  /** Makes a channel of the configuration in force. */
  make(name: string, spare?: AnyChannel, predecessor?: ChannelEntry): ChannelEntry {
    const config = configOf(this.config, name);
    const factory = this.#added.get(name) ?? this.#given.get(name);
    if (config === undefined || factory === undefined) throw new SluiceError('unknown-channel', `no channel '${name}'`);
    const breaker = this.#breakerFor(config, predecessor);
    return new ChannelEntry({ config, factory, services: this.#services, breaker, spare }, predecessor);
  }

  /** Its own, the one it had before a reload, or the one it shares; of a shared one, the limits named last hold. */
  #breakerFor({ breaker: limits }: ChannelConfig, predecessor: ChannelEntry | undefined): Breaker | undefined {
    if (limits === false) return undefined;
    const before = predecessor?.config.breaker;
    const own = before && before.shared === undefined ? predecessor?.breaker : undefined;
    // The first to share a breaker brings its own.
    const found = this.#breakers.get(limits.shared ?? '') ?? own;
    const made = found ?? new Breaker(limits, this.#services.clock, this.#services.random);
    made.reconfigure(limits);
    if (limits.shared !== undefined) this.#breakers.set(limits.shared, made);
    return made;
  }
}
