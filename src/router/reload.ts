import { LOOK_MS, watchFile } from '../adapters/watch-file.ts';
import { type ConfigChange, diffConfig } from '../config/diff.ts';
import type { Source } from '../config/layers.ts';
import { checkFileName, type LoadOptions, loadOptions, ownOptions, readConfig } from '../config/load.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import { configOf, sourceOf, unwritten } from '../config/parse.ts';
import type { RouterConfig } from '../config/schema.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { ChannelReport } from '../report/drain-report.ts';
import type { ChannelEntry } from './channel-entry.ts';
import type { Checked } from './definitions.ts';
import { channelNamed } from './named.ts';
import { addChannel, type RouterParts, removeByHand, removeChannel } from './parts.ts';
import type { AnyConfig } from './router-options.ts';
import { deadlineOf, type StopOptions } from './shutdown.ts';

/** How long `close` of an instance that is replaced or taken out may take, in ms. */
const DRAIN_MS = 5_000;

/** How a file is watched. */
export interface WatchOptions extends LoadOptions {
  /** A file that no longer names a channel takes it out even while messages are in it. Default: false, it is refused. */
  readonly removesBusy?: boolean;
}

const watchOptions: OptionNames<WatchOptions> = { ...loadOptions, removesBusy: true };

/** Puts other configurations in force, one after the other, and watches the files they come from. */
export class Reloads {
  readonly #parts: RouterParts;
  readonly #watches = new Set<() => Promise<void>>();
  /** For each reload that is not over: the channels that were taken out since it was ordered. */
  readonly #takenOut = new Set<Set<string>>();
  #last: Promise<unknown> = Promise.resolve();
  /** The next configuration is told even if it changes nothing, because it ends the alert. */
  #wasRejected = false;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  reconfigure(config: AnyConfig): Promise<readonly ConfigChange[]> {
    // Read now: code may change its object while the reload waits for others.
    const source = (async () => sourceOf(config))();
    source.catch(() => {});
    return this.#reload(() => source, true);
  }

  #reload(source: () => Source | Promise<Source>, mayRemove: boolean): Promise<readonly ConfigChange[]> {
    const takenOut = new Set<string>();
    this.#takenOut.add(takenOut);
    const reload = this.#last.then(() => reconfigure(this.#parts, source(), takenOut, mayRemove, this.#wasRejected));
    const over = (isRejected: boolean) => () => {
      this.#takenOut.delete(takenOut);
      this.#wasRejected = isRejected;
    };
    this.#last = reload.then(over(false), over(true));
    return reload;
  }

  /** An operator takes a channel out and gets its report: a reload that was ordered before does not bring it back. */
  remove(name: string, options: StopOptions): Promise<ChannelReport> {
    const { fleet, services } = this.#parts;
    const drainAt = services.clock.now() + deadlineOf('remove', options);
    const channel = channelNamed(this.#parts, name);
    for (const names of this.#takenOut) names.add(name);
    // A change that is under way may put another in its place.
    return services.bus.changes.order(() => removeByHand(this.#parts, fleet.channels.get(name) ?? channel, drainAt));
  }

  /** Reconfigures from a file at once, and whenever it changes, is replaced or is deleted. Ends with the returned function. */
  watch(file: string, watched: WatchOptions): () => Promise<void> {
    checkOptions('watch', watched, watchOptions);
    const { removesBusy = false, ...given } = watched;
    const { clock, logger } = this.#parts.services;
    checkFileName(file);
    const options = ownOptions(given);
    const end = watchFile(file, clock, {
      changed: () => {
        // A listener of `config.rejected` hears what is wrong.
        this.#reload(() => this.#read(file, options), removesBusy).catch(() => {});
      },
      untold: (err) =>
        logger.warn({ file, err }, `the system does not tell of changes; a look every ${LOOK_MS} ms does`),
    });
    const unwatch = async (): Promise<void> => {
      this.#watches.delete(unwatch);
      end();
    };
    this.#watches.add(unwatch);
    return unwatch;
  }

  /** What code said of the configuration in force wins over the file, too, unless other overrides are given. */
  async #read(file: string, options: LoadOptions): Promise<Source> {
    const source = await readConfig(file, options);
    const { code } = this.#parts.definitions;
    return options.overrides === undefined ? { ...source, layers: [...source.layers, ...code] } : source;
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
async function reconfigure(
  parts: RouterParts,
  from: Source | Promise<Source>,
  takenOut: ReadonlySet<string>,
  mayRemove: boolean,
  mustTell: boolean,
): Promise<readonly ConfigChange[]> {
  const { definitions, fleet, services } = parts;
  try {
    const input = await from;
    // A channel that is on its way out must be gone before a configuration may name it again.
    await Promise.all([...fleet.channels.values()].map((channel) => channel.removing));
    const before = definitions.config;
    const check = (): Checked => {
      const gone = [...takenOut].filter((name) => !fleet.channels.has(name));
      return definitions.check({ ...input, layers: gone.reduce(unwritten, input.layers) }, fleet.channels);
    };
    const first = check();
    if (!mayRemove) refuseToRemove(fleet.channels, first.config);
    const replaced = channelsToReplace(fleet.channels, diffConfig(before, first.config));
    await Promise.all(replaced.map((channel) => fleet.prepareReplacement(channel, DRAIN_MS)));
    // A channel that an operator took out meanwhile has no successor.
    await Promise.all(replaced.map((channel) => channel.removing));
    if (fleet.supervisor.isStopping)
      throw new SluiceError('not-running', 'the router was stopped while it was reconfigured');
    const standing = replaced.filter((channel) => channel.removing === undefined);
    const next = definitions.config === before ? first : checkAgain(parts, check, standing);
    const changes = withMessages(fleet.channels, diffConfig(definitions.config, next.config));
    services.bus.changes.during(() => apply(parts, next, standing));
    if (changes.length > 0 || mustTell) services.bus.publish('config.applied', { changes });
    return changes;
  } catch (error) {
    services.bus.publish('config.rejected', { error });
    throw error;
  }
}

/** Half a file may be a valid one: what it leaves out is not taken for a wish while there are messages in it. */
function refuseToRemove(channels: ReadonlyMap<string, ChannelEntry>, config: RouterConfig): void {
  const busy = [...channels.values()].flatMap((channel) => {
    const messages = messagesIn(channel);
    const { name } = channel;
    return configOf(config, name) === undefined && messages > 0 ? [`${name} (${messages} messages)`] : [];
  });
  if (busy.length === 0) return;
  const text = `the file leaves out channels that have messages: ${busy.join(', ')}`;
  throw new SluiceError('refused', `${text}; remove(name), or watch with removesBusy: true, takes them out`);
}

/** Says of each channel that is taken out how many messages are in it. */
function withMessages(channels: ReadonlyMap<string, ChannelEntry>, changes: readonly ConfigChange[]) {
  return changes.map((change) => {
    const channel = change.after === undefined ? channels.get(change.path[1] ?? '') : undefined;
    const messages = channel === undefined ? 0 : messagesIn(channel);
    return messages === 0 ? change : { ...change, messages };
  });
}

function messagesIn({ partitions }: ChannelEntry): number {
  return partitions.reduce((sum, { depth, inFlight }) => sum + depth + inFlight, 0);
}

/** Channels were added or taken out meanwhile. If that leaves a mistake, those that were to be replaced go on as they were. */
function checkAgain(parts: RouterParts, check: () => Checked, standing: readonly ChannelEntry[]): Checked {
  const { definitions } = parts;
  try {
    return check();
  } catch (error) {
    const { changes } = parts.services.bus;
    changes.during(() => apply(parts, { config: definitions.config, instances: new Map() }, standing));
    throw error;
  }
}

function channelsToReplace(channels: ReadonlyMap<string, ChannelEntry>, changes: readonly ConfigChange[]) {
  // A path that ends at the name is that of a channel that comes or goes.
  const ofChannels = changes.filter(({ path: [section, , field] }) => section === 'channels' && field !== undefined);
  const restarts = ofChannels.filter(({ reload }) => reload === 'restart');
  const toReplace = new Set(restarts.map(({ path: [, name] }) => name));
  return [...channels.values()].filter(({ name }) => toReplace.has(name));
}

/** One synchronous step: no batch begins and no message comes while it runs. */
function apply(parts: RouterParts, { config, instances }: Checked, replaced: readonly ChannelEntry[]): void {
  const { definitions, destinations, fleet, intake, services } = parts;
  definitions.apply(config);
  services.scheduler.reconfigure(config.router);
  destinations.tellApart(config.router.recognize);
  parts.deadLetters.limits = config.router.deadLetters;
  intake.ignore(config.router.recognize.ignore);
  for (const channel of [...fleet.channels.values()]) {
    const next = configOf(config, channel.name);
    if (next !== undefined && !replaced.includes(channel)) channel.reconfigure(next);
    if (next === undefined) void removeChannel(parts, channel, services.clock.now() + DRAIN_MS, false);
  }
  for (const channel of replaced) {
    const successor = definitions.make(channel.name, undefined, channel);
    destinations.replace(channel, successor);
    fleet.replace(channel, successor);
  }
  for (const name of Object.keys(config.channels)) {
    if (!fleet.channels.has(name)) addChannel(parts, name, instances.get(name));
  }
}
