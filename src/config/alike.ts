import { isMap } from './field.ts';
import { type ChannelConfig, channelName, dataTypeDefaults } from './schema.ts';
import { valueAt } from './walk.ts';

/** A channel that is written as another one, but for its name and its rules. */
interface Likeness {
  /** The name of the other one. */
  readonly model: string;
  readonly dataType: string;
  readonly eventRules: ChannelConfig['eventRules'];
}

/** Of thousands of channels most are written alike: each of these, by name, is checked and filled in as the first of them. */
export type Alike = ReadonlyMap<string, Likeness>;

export function alikeIn(written: unknown): Alike {
  const channels = valueAt(written, ['channels']);
  const alike = new Map<string, Likeness>();
  const models = new Map<string, string>();
  for (const [name, channel] of Object.entries(isMap(channels) ? channels : {})) {
    if (!isMap(channel) || !channelName.test(name) || Object.hasOwn(channel, 'name')) continue;
    const { eventRules = {}, dataType = name, ...rest } = channel;
    const text = textOf(rest);
    // The defaults hang on the data type, whose name need not be that of the channel.
    const isOwnType = dataType === name && !Object.hasOwn(dataTypeDefaults, name);
    if (text === undefined || typeof dataType !== 'string' || !isMap(eventRules)) continue;
    const key = isOwnType ? text : JSON.stringify(dataType) + text;
    const model = models.get(key);
    if (model === undefined) models.set(key, name);
    else alike.set(name, { model, dataType, eventRules });
  }
  return alike;
}

/** The same text for equal values, another one for different values; undefined: the value cannot be compared. */
function textOf(value: unknown, levels = 5): string | undefined {
  if (typeof value === 'string') return `${value.length}'${value}`;
  if (value === null || ['number', 'boolean', 'undefined'].includes(typeof value)) return String(value);
  if (levels === 0 || !isMap(value)) return undefined;
  let text = '{';
  for (const key of Object.keys(value)) {
    const child = textOf(value[key], levels - 1);
    if (child === undefined) return undefined;
    text += `${key.length}'${key}:${child},`;
  }
  return `${text}}`;
}

/** The same configuration without the channels that are like others. */
export function withoutAlike(written: unknown, alike: Alike): unknown {
  const channels = valueAt(written, ['channels']);
  if (alike.size === 0 || !isMap(written) || !isMap(channels)) return written;
  const models = Object.entries(channels).filter(([name]) => !alike.has(name));
  return { ...written, channels: Object.fromEntries(models) };
}

/** All channels, in the order in which they are written. `rules`: what the classes make of them. */
export function withAlike(
  models: Readonly<Record<string, ChannelConfig>>,
  names: readonly string[],
  alike: Alike,
  rules: ReadonlyMap<string, ChannelConfig['eventRules']>,
): Readonly<Record<string, ChannelConfig>> {
  if (alike.size === 0) return models;
  const channels: Record<string, ChannelConfig> = {};
  for (const name of names) {
    const like = alike.get(name);
    const model = models[like?.model ?? name];
    if (model === undefined) continue;
    channels[name] =
      like === undefined ? model : copyOf(model, name, like.dataType, rules.get(name) ?? like.eventRules);
  }
  return channels;
}

function copyOf(model: ChannelConfig, name: string, dataType: string, rules: ChannelConfig['eventRules']) {
  const isEmpty = Object.keys(rules).length === 0 && Object.keys(model.eventRules).length === 0;
  const own = { name, dataType, eventRules: isEmpty ? model.eventRules : Object.freeze({ ...rules }) };
  // Not spread: V8 makes a slow map, twice as large, of an object with so many fields. Frozen here, not field by field.
  return Object.freeze(Object.assign({}, model, own));
}
