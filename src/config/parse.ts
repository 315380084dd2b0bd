import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Alike, alikeIn, withAlike, withoutAlike } from './alike.ts';
import { checkEventRules } from './event-rules.ts';
import { isMap } from './field.ts';
import { configError, type Layer, mergeLayers, namedLayer, type Source } from './layers.ts';
import { type Finding, fromIssue, listed, nearest, show, TOLD_MAX } from './mistakes.ts';
import type { ChannelConfig, RouterConfig, RouterConfigInput } from './schema.ts';
import { channelName, channelSchema, configSchema, dataTypeDefaults, orderedFields } from './schema.ts';
import { overlay, type Path, valueAt, without } from './walk.ts';

/** The layers of each resolved configuration; what is not in here is not resolved. */
const origins = new WeakMap<object, readonly Layer[]>();

/** Checks configuration written in code and fills in the defaults; a resolved one comes back as it is. */
export function parseConfig(input: RouterConfigInput | RouterConfig): RouterConfig {
  return origins.has(input) ? (input as RouterConfig) : resolve(sourceOf(input));
}

/** Where a configuration was written, resolved or not. */
export function sourceOf(input: RouterConfigInput | RouterConfig): Source {
  return { layers: origins.get(input) ?? [namedLayer(input, 'config in code')], mistakes: [] };
}

/** The layers a resolved configuration was made of. */
export function layersOf(config: object): readonly Layer[] {
  return origins.get(config) ?? [];
}

/** What is known of the channels beside their configuration: the names that have a class, and the schemas of rules. */
export interface Classes {
  /** Undefined: any name may be configured. */
  readonly names?: readonly string[];
  readonly rules: ReadonlyMap<string, StandardSchemaV1>;
}

/** Lays the layers over one another, checks the result and fills it in; throws every mistake, those of the text as well. */
export function resolve({ layers, mistakes }: Source, classes: Classes = { rules: new Map() }): RouterConfig {
  const written = mergeLayers(layers);
  const alike = alikeIn(written);
  let { config, findings } = check(written, alike, classes);
  // Each channel has its own mistake, and its own place.
  if (findings.length > 0 && alike.size > 0) ({ config, findings } = check(written, new Map(), classes));
  if (config === undefined || findings.length > 0 || mistakes.length > 0)
    throw configError(layers, findings, mistakes, written);
  return remember(config, layers);
}

function check(written: unknown, alike: Alike, classes: Classes) {
  const filled = fillChannels(withoutAlike(written, alike));
  const result = configSchema.safeParse(filled, { reportInput: true });
  const issues = result.error?.issues ?? [];
  const channels = valueAt(filled, ['channels']);
  const ruled = classes.rules.size === 0 ? channels : { ...(channels as object), ...Object.fromEntries(alike) };
  const checked = checkEventRules(ruled, classes.rules);
  const names = Object.keys(valueAt(written, ['channels']) ?? {});
  const findings = [
    ...issues.flatMap((issue) => fromIssue(issue)),
    ...crossChecks(written, filled),
    ...(classes.names === undefined ? [] : unknownChannels(names, classes.names)),
    ...checked.findings,
  ];
  if (!result.success) return { config: undefined, findings };
  // `fillChannels` has given each channel its name and its data type.
  const { router, channels: models } = result.data as RouterConfig;
  shareParts(Object.values(models), checked.rules);
  return { config: { router, channels: withAlike(models, names, alike, checked.rules) }, findings };
}

/** A configured channel without a class would receive nothing, without a sign of it. */
function unknownChannels(written: readonly string[], names: readonly string[]): readonly Finding[] {
  const known = new Set(names);
  const unknown = written.filter((name) => !known.has(name) && channelName.test(name));
  const message = `no class is given for it; channels has ${listed(names)}`;
  return unknown.map((name, index) => {
    // Nobody reads a thousand mistakes, and to find what was meant takes time.
    const suggestion = index < TOLD_MAX ? nearest(name, names) : undefined;
    return { path: ['channels', name], at: 'key', message, suggestion };
  });
}

/** Equal parts become one object: thousands of channels have the same, and each copy costs a third of a kilobyte. */
function shareParts(channels: readonly ChannelConfig[], rules: ReadonlyMap<string, ChannelConfig['eventRules']>): void {
  const parts = new Map<string, unknown>();
  const share = <Part>(part: Part): Part => {
    const text = JSON.stringify(part);
    if (!parts.has(text)) parts.set(text, part);
    // What reads the same has the same fields.
    return parts.get(text) as Part;
  };
  for (const channel of channels) {
    const { retry, breaker, restart, eventRules } = channel;
    Object.assign(channel, {
      ...{ retry: share(retry), breaker: share(breaker), restart: share(restart) },
      // The rules are the host's own object, which must not be frozen.
      eventRules: rules.get(channel.name) ?? { ...eventRules },
    });
  }
}

/** The configuration of a channel; undefined: there is none. Own names only, for a channel may be called `constructor`. */
export function configOf({ channels }: Pick<RouterConfig, 'channels'>, name: string): ChannelConfig | undefined {
  return Object.hasOwn(channels, name) ? channels[name] : undefined;
}

/** The same configuration as if the channel had never been written: its name and data type are free again. */
export function withoutChannel(config: RouterConfig, name: string): RouterConfig {
  const layers = unwritten(layersOf(config), name)
    // What is left of a layer that had only the channel must not outlive it.
    .filter(({ value }) => JSON.stringify(value) !== '{"channels":{}}');
  return remember(without(config, ['channels', name]) as RouterConfig, layers);
}

/** The same layers without what they say of a channel. */
export function unwritten(layers: readonly Layer[], name: string): readonly Layer[] {
  return layers.map((layer) => ({ ...layer, value: without(layer.value, ['channels', name]) }));
}

/** Freezes a resolved configuration and remembers where it came from. */
export function remember<Config extends object>(config: Config, layers: readonly Layer[]): Config {
  origins.set(config, layers);
  return freeze(config);
}

// The defaults hang on the data type, which may itself be left out: zod's own defaults cannot say that.
function fillChannels(written: unknown): unknown {
  const channels = valueAt(written, ['channels']);
  if (!isMap(written) || !isMap(channels)) return written;
  const general = channelSchema.parse({});
  const filled = Object.entries(channels).map(([name, channel]) => {
    const dataType = valueAt(channel, ['dataType']) ?? name;
    const byType = typeof dataType === 'string' ? valueAt(dataTypeDefaults, [dataType]) : undefined;
    const identity = channelName.test(name) ? { name, dataType: name } : {};
    const defaults = { ...general, ...identity, ...(isMap(byType) ? byType : {}) };
    return [name, overlay(channelSchema, defaults, channel)];
  });
  return { ...written, channels: Object.fromEntries(filled) };
}

/**
 * Finds what no single field shows: names, limits in the wrong order. zod would skip such
 * checks as soon as any field is wrong, but every mistake is to be reported at once.
 */
function crossChecks(written: unknown, filled: unknown): readonly Finding[] {
  const channels = valueAt(filled, ['channels']);
  return Object.entries(isMap(channels) ? channels : {}).flatMap(([name, channel]): readonly Finding[] => {
    const path = ['channels', name];
    const findings = orderedFields.flatMap((pair) => checkOrder(written, filled, path, pair));
    if (!channelName.test(name)) {
      const message = 'must be 1 to 64 lower-case letters, digits and -, starting with a letter, and not router';
      return [{ path, at: 'key', message }, ...findings];
    }
    const refuse = (field: string, message: string): void => {
      findings.push({ path: [...path, field], at: 'value', message, received: show(valueAt(channel, [field])) });
    };
    const repeated = valueAt(channel, ['name']);
    if (typeof repeated === 'string' && repeated !== name) refuse('name', `must be ${name} or left out`);
    if (valueAt(channel, ['priority']) === 1 && typeof valueAt(channel, ['share']) === 'number')
      refuse('share', 'must be left out at priority 1, which takes no turns');
    return findings;
  });
}

function checkOrder(written: unknown, filled: unknown, above: Path, [low, high]: readonly [string, string]): Finding[] {
  const lowPath = [...above, ...low.split('.')];
  const highPath = [...above, ...high.split('.')];
  const [lowValue, highValue] = [valueAt(filled, lowPath), valueAt(filled, highPath)];
  if (typeof lowValue !== 'number' || typeof highValue !== 'number' || !(lowValue > highValue)) return [];
  // The mistake stands where something was written, not at a default the reader cannot see.
  return valueAt(written, lowPath) === undefined
    ? [{ path: highPath, at: 'value', message: `must be at least ${low} (${lowValue})`, received: show(highValue) }]
    : [{ path: lowPath, at: 'value', message: `must be at most ${high} (${highValue})`, received: show(lowValue) }];
}

// Five levels hold all that is ours, down to the window of a breaker; what the rules hold belongs to the host.
function freeze<T>(value: T, levels = 5): T {
  if (Object.isFrozen(value) || !isMap(value) || levels === 0) return value;
  for (const [key, child] of Object.entries(value)) freeze(child, key === 'eventRules' ? 1 : levels - 1);
  return Object.freeze(value);
}
