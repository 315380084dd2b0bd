import { watchFile } from '../adapters/watch-file.ts';
import { type ConfigChange, diffConfig } from '../config/diff.ts';
import { type LoadOptions, loadConfig } from '../config/load.ts';
import { withoutChannel } from '../config/parse.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { ChannelEntry } from './channel-entry.ts';
import type { Checked } from './definitions.ts';
import { addChannel, type RouterParts, removeChannel } from './parts.ts';
import type { AnyConfig } from './router-options.ts';

/** How long `close` of an instance that is replaced or taken out may take, in ms. */
const DRAIN_MS = 5_000;

/** Puts other configurations in force, one after the other, and watches the files they come from. */
export class Reloads {
  readonly #parts: RouterParts;
  readonly #watches = new Set<() => Promise<void>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  reconfigure(config: AnyConfig | (() => Promise<AnyConfig>)): Promise<readonly ConfigChange[]> {
    const reload = this.#last.then(() => reconfigure(this.#parts, typeof config === 'function' ? config() : config));
    this.#last = reload.catch(() => {});
    return reload;
  }

  /** Reconfigures from a file whenever it is written, until the returned function is called. */
  watch(file: string, options: LoadOptions): () => Promise<void> {
    const end = watchFile(file, () => {
      // A listener of `config.rejected` hears what is wrong.
      this.reconfigure(() => loadConfig(file, options)).catch(() => {});
    });
    const unwatch = (): Promise<void> => {
      this.#watches.delete(unwatch);
      return end();
    };
    this.#watches.add(unwatch);
    return unwatch;
  }

  unwatch(): void {
    for (const unwatch of this.#watches) unwatch().catch(() => {});
  }
}

/**
 * Puts another configuration in force: checked whole, then applied whole, in one step between batches, or not at all.
 * Channels with a change of class `restart` first finish the batch they have and close; their successors take over
 * what waits, the counts and the breaker. Throws `SluiceError` with all mistakes, or what reading the source threw; then
 * nothing has changed, and `config.rejected` was published.
 */
async function reconfigure(parts: RouterParts, from: AnyConfig | Promise<AnyConfig>): Promise<readonly ConfigChange[]> {
  const { definitions, fleet, services } = parts;
  try {
    const input = await from;
    // A channel that is on its way out must be gone before a configuration may name it again.
    await Promise.all([...fleet.channels.values()].map((channel) => channel.removing));
    const before = definitions.config;
    const first = definitions.check(input, fleet.channels);
    const replaced = channelsToReplace(fleet.channels, diffConfig(before, first.config));
    await Promise.all(replaced.map((channel) => fleet.prepareReplacement(channel, DRAIN_MS)));
    // A channel that an operator took out meanwhile has no successor, and does not come back by this configuration.
    const removed = replaced.filter((channel) => channel.removing !== undefined);
    await Promise.all(removed.map((channel) => channel.removing));
    if (fleet.isStopping) throw new SluiceError('not-running', 'the router was stopped while it was reconfigured');
    const standing = replaced.filter((channel) => channel.removing === undefined);
    const { config, instances } = definitions.config === before ? first : checkAgain(parts, input, standing);
    const next = { config: removed.reduce((rest, { name }) => withoutChannel(rest, name), config), instances };
    const changes = diffConfig(definitions.config, next.config);
    apply(parts, next, standing);
    if (changes.length > 0) services.bus.publish('config.applied', { changes });
    return changes;
  } catch (error) {
    services.bus.publish('config.rejected', { error });
    throw error;
  }
}

/** Channels were added or taken out meanwhile. If that leaves a mistake, those that were to be replaced go on as they were. */
function checkAgain(parts: RouterParts, input: AnyConfig, standing: readonly ChannelEntry[]): Checked {
  const { definitions, fleet } = parts;
  try {
    return definitions.check(input, fleet.channels);
  } catch (error) {
    apply(parts, { config: definitions.config, instances: new Map() }, standing);
    throw error;
  }
}

function channelsToReplace(
  channels: ReadonlyMap<string, ChannelEntry>,
  changes: readonly ConfigChange[],
): readonly ChannelEntry[] {
  // A path that ends at the name is that of a channel that comes or goes.
  const mustBeReplaced = ({ name }: ChannelEntry): boolean =>
    changes.some(({ path: [section, channel, field], reload }) => {
      return section === 'channels' && channel === name && field !== undefined && reload === 'restart';
    });
  return [...channels.values()].filter(mustBeReplaced);
}

/** One synchronous step: no batch begins and no message comes while it runs. */
function apply(parts: RouterParts, { config, instances }: Checked, replaced: readonly ChannelEntry[]): void {
  const { definitions, fleet, intake, services } = parts;
  definitions.apply(config);
  services.scheduler.reconfigure(config.router);
  parts.deadLetters.limits = config.router.deadLetters;
  intake.ignore(config.router.recognize.ignore);
  for (const channel of [...fleet.channels.values()]) {
    const next = config.channels[channel.name];
    if (next !== undefined && !replaced.includes(channel)) channel.reconfigure(next);
    if (next === undefined) void removeChannel(parts, channel, services.clock.now() + DRAIN_MS, false);
  }
  for (const channel of replaced) {
    const successor = definitions.make(channel.name, undefined, channel);
    intake.replace(channel, successor);
    fleet.replace(channel, successor);
  }
  for (const name of Object.keys(config.channels)) {
    if (!fleet.channels.has(name)) addChannel(parts, definitions.make(name, instances.get(name)));
  }
}
