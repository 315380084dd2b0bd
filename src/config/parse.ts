import { isMap } from './field.ts';
import { configError, type Layer, mergeLayers, namedLayer } from './layers.ts';
import { type ConfigMistake, type Finding, fromIssue, show } from './mistakes.ts';
import {
  type ChannelConfig,
  channelName,
  channelSchema,
  configSchema,
  dataTypeDefaults,
  orderedFields,
  type RouterConfig,
  type RouterConfigInput,
} from './schema.ts';
import { overlay, type Path, valueAt, without } from './walk.ts';

/** The layers of each resolved configuration; what is not in here is not resolved. */
const origins = new WeakMap<object, readonly Layer[]>();

/** Checks configuration written in code and fills in the defaults; a resolved one comes back as it is. */
export function parseConfig(input: RouterConfigInput | RouterConfig): RouterConfig {
  const isResolved = isMap(input) && origins.has(input);
  return isResolved ? (input as RouterConfig) : resolveLayers([namedLayer(input, 'config in code')]);
}

/** The layers a resolved configuration was made of. */
export function layersOf(config: object): readonly Layer[] {
  return origins.get(config) ?? [];
}

/** Lays the layers over one another, checks the result and fills it in; reports the mistakes found before as well. */
export function resolveLayers(layers: readonly Layer[], known: readonly ConfigMistake[] = []): RouterConfig {
  const written = mergeLayers(layers);
  const filled = fillChannels(written);
  const result = configSchema.safeParse(filled, { reportInput: true });
  const issues = result.error?.issues ?? [];
  const findings = [...issues.flatMap((issue) => fromIssue(issue)), ...crossChecks(written, filled)];
  if (!result.success || findings.length > 0 || known.length > 0) throw configError(layers, findings, known);
  // `fillChannels` has given each channel its name and its data type.
  const config = result.data as RouterConfig;
  shareParts(Object.values(config.channels));
  return remember(config, layers);
}

/** Equal parts become one object: thousands of channels have the same, and each copy costs a third of a kilobyte. */
function shareParts(channels: readonly ChannelConfig[]): void {
  const parts = new Map<string, unknown>();
  const share = <Part>(part: Part): Part => {
    const text = JSON.stringify(part);
    if (!parts.has(text)) parts.set(text, part);
    // What reads the same has the same fields.
    return parts.get(text) as Part;
  };
  for (const channel of channels) {
    const { retry, breaker, restart, eventRules } = channel;
    // The rules are the host's own object, which must not be frozen.
    const own = {
      retry: share(retry),
      breaker: share(breaker),
      restart: share(restart),
      eventRules: { ...eventRules },
    };
    Object.assign(channel, own);
  }
}

/** The same configuration as if the channel had never been written: its name and data type are free again. */
export function withoutChannel(config: RouterConfig, name: string): RouterConfig {
  const path = ['channels', name];
  const layers = layersOf(config)
    .map((layer) => ({ ...layer, value: without(layer.value, path) }))
    // What is left of a layer that had only the channel must not outlive it.
    .filter(({ value }) => JSON.stringify(value) !== '{"channels":{}}');
  return remember(without(config, path) as RouterConfig, layers);
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
  const filled = Object.entries(channels).map(([name, channel]) => {
    const dataType = valueAt(channel, ['dataType']) ?? name;
    const byType = typeof dataType === 'string' ? valueAt(dataTypeDefaults, [dataType]) : undefined;
    const identity = channelName.test(name) ? { name, dataType: name } : {};
    const defaults = { ...channelSchema.parse(identity), ...(isMap(byType) ? byType : {}) };
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
  if (!isMap(value) || levels === 0) return value;
  for (const [key, child] of Object.entries(value)) freeze(child, key === 'eventRules' ? 1 : levels - 1);
  return Object.freeze(value);
}
