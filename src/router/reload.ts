import type { AnyChannel } from '../channel/processing-channel.ts';
import { type ConfigChange, diffConfig } from '../config/diff.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { parseConfig, withoutChannel } from '../config/parse.ts';
import type { RouterConfig, RouterConfigInput } from '../config/schema.ts';
import { addLedgers } from '../core/ledger.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { ledgerOf } from '../report/drain-report.ts';
import type { Channel } from './channel.ts';
import { type Core, makeChannel } from './core.ts';
import { makeInstance, refuseUnknown, rulesByName, withUnnamed } from './plan.ts';

/** As it was written, or as it is in force. */
type AnyConfig = RouterConfigInput | RouterConfig;
/** How long `close` of an instance that is replaced or taken out may take, in ms. */
const DRAIN_MS = 5_000;

/**
 * Puts another configuration in force: checked whole, then applied whole, in one step between batches, or not at all.
 * Channels with a change of class `restart` first finish the batch they have and close; their successors take over
 * what waits, the counts and the breaker. Throws `SluiceError` with all mistakes, or what a source says that is itself
 * wrong; then nothing has changed, and `config.rejected` has told of it.
 */
export async function reconfigure(core: Core, from: AnyConfig | Promise<AnyConfig>): Promise<readonly ConfigChange[]> {
  try {
    const input = await from;
    // One that is on its way out is gone before anybody may name it again.
    await Promise.all([...core.fleet.channels.values()].map((channel) => channel.removal));
    const before = core.config;
    const first = check(core, input);
    const replaced = channelsToReplace(core, diffConfig(before, first.config));
    await Promise.all(replaced.map((channel) => core.fleet.retire(channel, DRAIN_MS)));
    if (core.fleet.isStopping) throw new SluiceError('not-running', 'the router was stopped while it was reconfigured');
    // An operator may have taken one out meanwhile: that one has no successor.
    const standing = replaced.filter((channel) => channel.removal === undefined);
    const next = core.config === before ? first : checkAgain(core, input, standing);
    const changes = diffConfig(core.config, next.config);
    apply(core, next, standing);
    if (changes.length > 0) core.world.bus.publish('config.applied', { changes });
    return changes;
  } catch (error) {
    core.world.bus.publish('config.rejected', { error });
    throw error;
  }
}

/** Channels were added or taken out meanwhile. If that leaves a mistake, those that were retired go on as they were. */
function checkAgain(core: Core, input: AnyConfig, retired: readonly Channel[]) {
  try {
    return check(core, input);
  } catch (error) {
    apply(core, { config: core.config, instances: new Map() }, retired);
    throw error;
  }
}

/** Everything that can be wrong is found here, before anything is touched. */
function check(core: Core, input: AnyConfig) {
  const written = parseConfig(input);
  refuseUnknown(written, [...core.factories.keys()]);
  // A channel that only code knows stays; one that was configured and is no longer named goes.
  const unnamed = [...core.unnamed].filter(([name]) => core.fleet.channels.has(name));
  const filled = withUnnamed(written, new Map(unnamed));
  const instances = new Map<string, AnyChannel>();
  for (const name of Object.keys(filled.channels)) {
    const factory = core.factories.get(name);
    if (core.fleet.channels.has(name) || factory === undefined) continue;
    const instance = makeInstance(name, factory);
    if (instance !== undefined) instances.set(name, instance);
  }
  const schemas = rulesByName(instances);
  for (const [name, { parts }] of core.fleet.channels) if (parts.rules !== undefined) schemas.set(name, parts.rules);
  return { config: checkEventRules(filled, schemas), instances };
}

function channelsToReplace(core: Core, changes: readonly ConfigChange[]): readonly Channel[] {
  // A path that ends at the name is that of a channel that comes or goes.
  const names = changes.flatMap(({ path: [section, name = '', field], reload }) =>
    section === 'channels' && field !== undefined && reload === 'restart' ? [name] : [],
  );
  return [...new Set(names)].flatMap((name) => core.fleet.channels.get(name) ?? []);
}

/** One synchronous step: no batch begins and no message comes while it runs. */
function apply(core: Core, { config, instances }: ReturnType<typeof check>, replaced: readonly Channel[]): void {
  const { fleet, intake, world } = core;
  core.config = config;
  world.turns.limits = config.router;
  fleet.limits = config.router;
  core.deadLetters.capacity = config.router.deadLetters.capacity;
  for (const channel of [...fleet.channels.values()]) {
    const next = config.channels[channel.name];
    if (next !== undefined && !replaced.includes(channel)) channel.reconfigure(next);
    else intake.serve(channel.config.dataType, undefined);
    if (next === undefined) void removeChannel(core, channel, world.clock.now() + DRAIN_MS);
  }
  for (const channel of replaced) fleet.replace(channel, makeChannel(core, channel.name, undefined, channel));
  for (const name of Object.keys(config.channels)) {
    if (!fleet.channels.has(name)) fleet.add(makeChannel(core, name, instances.get(name)));
  }
}

/** Takes a channel out: nothing is routed to it any more, it drains, and its counts are kept. */
export function removeChannel(core: Core, channel: Channel, drainBy: number): Promise<void> {
  channel.removal ??= takeOut(core, channel, drainBy);
  return channel.removal;
}

async function takeOut(core: Core, channel: Channel, drainBy: number): Promise<void> {
  const { fleet, intake } = core;
  if (intake.registry.get(channel.config.dataType) === channel) intake.serve(channel.config.dataType, undefined);
  await fleet.remove(channel, drainBy);
  channel.dispose();
  core.config = withoutChannel(core.config, channel.name);
  core.removed = addLedgers([core.removed, ledgerOf(channel.metrics())]);
}
