import type { AnyChannel } from '../channel/processing-channel.ts';
import { type ConfigChange, diffConfig } from '../config/diff.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { parseConfig } from '../config/parse.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { beginReport, type ChannelReport } from '../report/drain-report.ts';
import type { ChannelEntry } from './channel-entry.ts';
import { addChannel, type RouterParts } from './parts.ts';
import { type AnyConfig, refuseUnknown, rulesByName, withUnnamed } from './plan.ts';

/** How long `close` of an instance that is replaced or taken out may take, in ms. */
const DRAIN_MS = 5_000;

/**
 * Puts another configuration in force: checked whole, then applied whole, in one step between batches, or not at all.
 * Channels with a change of class `restart` first finish the batch they have and close; their successors take over
 * what waits, the counts and the breaker. Throws `SluiceError` with all mistakes, or what a source says that is itself
 * wrong; then nothing has changed, and `config.rejected` has told of it.
 */
export async function reconfigure(
  parts: RouterParts,
  from: AnyConfig | Promise<AnyConfig>,
): Promise<readonly ConfigChange[]> {
  try {
    const input = await from;
    // One that is on its way out is gone before anybody may name it again.
    await Promise.all([...parts.fleet.channels.values()].map((channel) => channel.removing));
    const before = parts.definitions.config;
    const first = check(parts, input);
    const replaced = channelsToReplace(parts, diffConfig(before, first.config));
    await Promise.all(replaced.map((channel) => parts.fleet.prepareReplacement(channel, DRAIN_MS)));
    if (parts.fleet.isStopping)
      throw new SluiceError('not-running', 'the router was stopped while it was reconfigured');
    // An operator may have taken one out meanwhile: that one has no successor.
    const standing = replaced.filter((channel) => channel.removing === undefined);
    const next = parts.definitions.config === before ? first : checkAgain(parts, input, standing);
    const changes = diffConfig(parts.definitions.config, next.config);
    apply(parts, next, standing);
    if (changes.length > 0) parts.services.bus.publish('config.applied', { changes });
    return changes;
  } catch (error) {
    parts.services.bus.publish('config.rejected', { error });
    throw error;
  }
}

/** Channels were added or taken out meanwhile. If that leaves a mistake, those that were retired go on as they were. */
function checkAgain(parts: RouterParts, input: AnyConfig, retired: readonly ChannelEntry[]) {
  try {
    return check(parts, input);
  } catch (error) {
    apply(parts, { config: parts.definitions.config, instances: new Map() }, retired);
    throw error;
  }
}

/** Everything that can be wrong is found here, before anything is touched. */
function check(parts: RouterParts, input: AnyConfig) {
  const written = parseConfig(input);
  refuseUnknown(written, parts.definitions.names);
  // A channel that only code knows stays; one that was configured and is no longer named goes.
  const unnamed = [...parts.definitions.unnamed].filter(([name]) => parts.fleet.channels.has(name));
  const filled = withUnnamed(written, new Map(unnamed));
  const instances = new Map<string, AnyChannel>();
  for (const name of Object.keys(filled.channels)) {
    const instance = parts.fleet.channels.has(name) ? undefined : parts.definitions.makeInstance(name);
    if (instance !== undefined) instances.set(name, instance);
  }
  const schemas = rulesByName(instances);
  for (const [name, { rules }] of parts.fleet.channels) if (rules !== undefined) schemas.set(name, rules);
  return { config: checkEventRules(filled, schemas), instances };
}

function channelsToReplace(parts: RouterParts, changes: readonly ConfigChange[]): readonly ChannelEntry[] {
  // A path that ends at the name is that of a channel that comes or goes.
  const names = changes.flatMap(({ path: [section, name = '', field], reload }) =>
    section === 'channels' && field !== undefined && reload === 'restart' ? [name] : [],
  );
  return [...new Set(names)].flatMap((name) => parts.fleet.channels.get(name) ?? []);
}

/** One synchronous step: no batch begins and no message comes while it runs. */
function apply(
  parts: RouterParts,
  { config, instances }: ReturnType<typeof check>,
  replaced: readonly ChannelEntry[],
): void {
  const { definitions, fleet, intake, services } = parts;
  definitions.apply(config);
  services.scheduler.reconfigure(config.router);
  fleet.reconfigure(config.router);
  parts.deadLetters.capacity = config.router.deadLetters.capacity;
  for (const channel of [...fleet.channels.values()]) {
    const next = config.channels[channel.name];
    if (next !== undefined && !replaced.includes(channel)) channel.reconfigure(next);
    else intake.serve(channel.config.dataType, undefined);
    if (next === undefined) void removeChannel(parts, channel, services.clock.now() + DRAIN_MS, false);
  }
  for (const channel of replaced) {
    const successor = definitions.make(channel.name, undefined, channel);
    intake.serve(successor.config.dataType, successor);
    fleet.replace(channel, successor);
  }
  for (const name of Object.keys(config.channels)) {
    if (!fleet.channels.has(name)) addChannel(parts, definitions.make(name, instances.get(name)));
  }
}

/**
 * Takes a channel out: nothing is routed to it any more, it drains, and its counts are kept. Resolves with its report; a
 * second order waits for the same one. `isByHand`: the report goes to an operator, so that of `stop` leaves it out.
 */
export function removeChannel(
  { definitions, fleet, intake }: RouterParts,
  channel: ChannelEntry,
  drainAt: number,
  isByHand: boolean,
): Promise<ChannelReport> {
  return channel.remove(isByHand, async () => {
    const finish = beginReport([channel]);
    if (intake.registry.get(channel.config.dataType) === channel) intake.serve(channel.config.dataType, undefined);
    await fleet.remove(channel, drainAt);
    channel.dispose();
    definitions.remove(channel.name);
    // The report has an entry for each channel it was begun with.
    return finish()[channel.name] as ChannelReport;
  });
}
