import { crossChecks } from './cross-checks.ts';
import { isMap } from './field.ts';
import { codeLayer, configError, type Layer, mergeLayers, placeIn } from './layers.ts';
import { type ConfigMistake, fromIssue, type Place } from './mistakes.ts';
import {
  type ChannelConfig,
  channelSchema,
  configSchema,
  dataTypeDefaults,
  type RouterConfig,
  type RouterConfigInput,
} from './schema.ts';
import { overlay, type Path, valueAt } from './walk.ts';

/** Where each resolved configuration came from; being in here is what makes one resolved. */
const origins = new WeakMap<object, readonly Layer[]>();

/** Checks configuration written in code and fills in the defaults; one that is resolved already comes back as it is. */
export function parseConfig(input: RouterConfigInput | RouterConfig, origin = 'config in code'): RouterConfig {
  return isResolved(input) ? input : resolveLayers([codeLayer(input, origin)]);
}

/** Where a value of a resolved configuration was written, or the nearest map around it. */
export function placeOf(config: RouterConfig, path: Path): Place | undefined {
  return placeIn(layersOf(config), path);
}

/** The layers a resolved configuration was made of. */
export function layersOf(config: RouterConfig): readonly Layer[] {
  return origins.get(config) ?? [];
}

/** Lays the layers over one another, checks the result and fills it in; reports the mistakes found before as well. */
export function resolveLayers(layers: readonly Layer[], known: readonly ConfigMistake[] = []): RouterConfig {
  const written = mergeLayers(layers);
  const filled = fillChannels(written);
  const result = configSchema.safeParse(filled, { reportInput: true });
  const issues = result.success ? [] : result.error.issues;
  const findings = [...issues.flatMap((issue) => fromIssue(issue)), ...crossChecks(written, filled)];
  if (!result.success || findings.length > 0 || known.length > 0) throw configError(layers, findings, known);
  const { router, channels } = result.data;
  const share = createShare();
  const named = Object.entries(channels).map(([name, channel]): [string, ChannelConfig] => {
    const identity = { name, dataType: channel.dataType ?? name };
    // Spreads would give each channel a hidden class of its own, half a kilobyte.
    return [
      name,
      Object.assign({}, identity, channel, identity, share(channel), { eventRules: { ...channel.eventRules } }),
    ];
  });
  return remember({ router, channels: Object.fromEntries(named) }, layers);
}

/** Equal parts become one object: thousands of channels have the same, and each copy costs them a third of a kilobyte. */
function createShare() {
  const parts = new Map<string, object>();
  const one = <Part>(part: Part): Part => {
    if (!isMap(part)) return part;
    const text = JSON.stringify(part);
    // Whatever reads the same has the same fields.
    const known = parts.get(text) as Part | undefined;
    if (known === undefined) parts.set(text, part);
    return known ?? part;
  };
  return ({ retry, breaker, restart }: Pick<ChannelConfig, 'retry' | 'breaker' | 'restart'>) => {
    return { retry: one(retry), breaker: one(breaker), restart: one(restart) };
  };
}

/** What is left of a layer that had only the channel: it must not outlive it. */
const NO_CHANNELS = '{"channels":{}}';

/** The same configuration as if the channel had never been written: its name and data type are free again. */
export function withoutChannel(config: RouterConfig, name: string): RouterConfig {
  const layers = layersOf(config)
    .map((layer) => ({ ...layer, value: omitChannel(layer.value, name) }))
    .filter(({ value }) => JSON.stringify(value) !== NO_CHANNELS);
  return remember({ router: config.router, channels: omit(config.channels, name) }, layers);
}

function omitChannel(written: unknown, name: string): unknown {
  const channels = valueAt(written, ['channels']);
  return isMap(written) && isMap(channels) ? { ...written, channels: omit(channels, name) } : written;
}

function omit<Value>(map: Readonly<Record<string, Value>>, name: string): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => key !== name));
}

/** Freezes a resolved configuration and remembers where it came from. */
export function remember(config: RouterConfig, layers: readonly Layer[]): RouterConfig {
  origins.set(config, layers);
  return freeze(config);
}

function isResolved(input: RouterConfigInput | RouterConfig): input is RouterConfig {
  return isMap(input) && origins.has(input);
}

function fillChannels(written: unknown): unknown {
  const channels = valueAt(written, ['channels']);
  if (!isMap(written) || !isMap(channels)) return written;
  const filled = Object.entries(channels).map(([name, channel]) => [name, fillChannel(name, channel)]);
  return { ...written, channels: Object.fromEntries(filled) };
}

// The defaults hang on the data type, which may itself be left out: zod's own defaults cannot say that.
function fillChannel(name: string, channel: unknown): unknown {
  const dataType = valueAt(channel, ['dataType']) ?? name;
  const byType = typeof dataType === 'string' ? valueAt(dataTypeDefaults, [dataType]) : undefined;
  const defaults = { ...channelSchema.parse({}), ...(isMap(byType) ? byType : {}) };
  return overlay(channelSchema, defaults, channel);
}

// Five levels hold all that is ours, down to the window of a breaker; what the rules hold belongs to the host.
function freeze<T>(value: T, levels = 5): T {
  if (!isMap(value) || levels === 0) return value;
  for (const [key, child] of Object.entries(value)) freeze(child, key === 'eventRules' ? 1 : levels - 1);
  return Object.freeze(value);
}
