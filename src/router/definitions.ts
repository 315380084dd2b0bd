import { type ChannelSource, factoryOf, makeInstance } from '../channel/channel-source.ts';
import type { AnyChannel, ChannelFactory } from '../channel/processing-channel.ts';
import type { Services } from '../channel/services.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { namedLayer } from '../config/layers.ts';
import { layersOf, remember, resolveLayers, withoutChannel } from '../config/parse.ts';
import type { ChannelConfig, RouterConfig } from '../config/schema.ts';
import { Breaker } from '../core/breaker.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { ChannelEntry } from './channel-entry.ts';
import { type ChannelInput, type Plan, rulesByName, rulesOf } from './plan.ts';

/** What the channels of a router are made of: the configuration in force, factories, and breakers that several share. */
export class Definitions {
  readonly #services: Services;
  /** Also those of channels that the configuration has taken out. */
  readonly #factories: Map<string, ChannelFactory>;
  /** Channels that no configuration named, and what code says of them: a reload leaves them alone. */
  readonly #unnamed: Map<string, ChannelInput>;
  readonly #breakers = new Map<string, Breaker>();
  #config: RouterConfig;

  constructor({ config, options, unnamed }: Plan, services: Services) {
    this.#services = services;
    this.#config = config;
    this.#factories = new Map(Object.entries(options.channels).map(([name, source]) => [name, factoryOf(source)]));
    this.#unnamed = new Map(unnamed);
  }

  get config(): RouterConfig {
    return this.#config;
  }

  get unnamed(): ReadonlyMap<string, ChannelInput> {
    return this.#unnamed;
  }

  get names(): readonly string[] {
    return [...this.#factories.keys()];
  }

  /** Puts a configuration in force, once it was checked. */
  apply(config: RouterConfig): void {
    this.#config = config;
  }

  /**
   * Defines another channel: its configuration is checked with all others. Throws every mistake, and then nothing has
   * changed.
   */
  add(name: string, source: ChannelSource, input: ChannelInput): ChannelEntry {
    const factory = factoryOf(source);
    const layers = [...layersOf(this.#config), namedLayer({ channels: { [name]: input } }, 'add')];
    const instance = makeInstance(name, factory);
    const rules = rulesByName(new Map(instance === undefined ? [] : [[name, instance]]));
    const added = checkEventRules(resolveLayers(layers), rules).channels[name];
    const channels = { ...this.#config.channels, ...(added && { [name]: added }) };
    this.#config = remember({ router: this.#config.router, channels }, layers);
    this.#factories.set(name, factory);
    this.#unnamed.set(name, input);
    return this.make(name, instance);
  }

  /** A channel is gone from the configuration in force. */
  remove(name: string): void {
    this.#config = withoutChannel(this.#config, name);
  }

  /** Makes an instance of a channel, to read its rules; undefined: its constructor throws, or it has no factory. */
  makeInstance(name: string): AnyChannel | undefined {
    const factory = this.#factories.get(name);
    return factory && makeInstance(name, factory);
  }

  /** Makes a channel of the configuration in force. */
  make(name: string, instance?: AnyChannel, predecessor?: ChannelEntry): ChannelEntry {
    const config = this.#config.channels[name];
    const factory = this.#factories.get(name);
    if (config === undefined || factory === undefined) throw new SluiceError('unknown-channel', `no channel '${name}'`);
    const rules = instance === undefined ? predecessor?.rules : rulesOf(instance);
    const breaker = this.#breakerFor(config, predecessor);
    return new ChannelEntry({ config, factory, services: this.#services, breaker, instance, rules }, predecessor);
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
