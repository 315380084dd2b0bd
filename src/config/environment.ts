import * as z from 'zod';
import { jsonOrText } from '../core/plain.ts';
import type { Layer, Source } from './layers.ts';
import { type ConfigMistake, listed, nearest } from './mistakes.ts';
import { channelSchema, configSchema } from './schema.ts';
import { type Field, fieldsOf, overlay, type Path, type Schema } from './walk.ts';

/** Variables of a process, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const START = 'SLUICE_';
/** To find what was meant, a variable is compared with those of all channels: there may be thousands of both. */
const COMPARED_MAX = 1_000_000;

interface Setting extends Field {
  readonly variable: string;
  readonly text: string;
}

/** What variables of the router, or of one channel, say together. */
type Written = Partial<Readonly<Record<'router' | 'channels', object>>>;

/** What Kubernetes and Docker set in every container for a service whose name begins with `sluice`. */
const OF_A_SERVICE = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** For what was meant: how many comparisons are left, and what a mistake says. */
interface Search {
  left: number;
  readonly told: string;
}

/** The channels by what their variables begin with: `TICK_FAST` for `tick-fast`. */
type Prefixes = ReadonlyMap<string, readonly string[]>;

const routerFields = byWords(fieldsOf(configSchema).filter(({ path }) => path[0] === 'router' && path.length > 1));
const channelFields = byWords(fieldsOf(channelSchema));

/**
 * What the environment says about the router and these channels. A variable that names neither is not ours, unless one
 * that does was probably meant; an empty one is not set.
 */
export function readEnvironment(environment: Environment, channels: readonly string[]): Source {
  const prefixes: Prefixes = grouped(channels, (channel) => wordsOf([channel]));
  const settings: Setting[] = [];
  const mistakes: ConfigMistake[] = [];
  const search = { left: COMPARED_MAX, told: `must name a field of the router or of a channel (${listed(channels)})` };
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(START) || text === undefined || text === '') continue;
    const fields = fieldsNamed(variable.slice(START.length), prefixes);
    for (const field of fields) settings.push({ ...field, variable, text });
    const isOurs = fields.length === 0 && !OF_A_SERVICE.test(variable);
    if (isOurs) for (const mistake of mistakeIn(variable, prefixes, search)) mistakes.push(mistake);
  }
  return { layers: settings.length === 0 ? [] : [layerOf(settings)], mistakes };
}

/** As it stands in a variable: `batchSize` is `BATCH_SIZE`. */
function wordsOf(path: Path): string {
  return path.map((part) => part.replaceAll('-', '_').replace(/[A-Z]/g, '_$&').toUpperCase()).join('_');
}

function byWords(fields: readonly Field[]): ReadonlyMap<string, Field> {
  return new Map(fields.map((field) => [wordsOf(field.path), field]));
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, readonly Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** Both `tick` and `tick-retry` may have a field of this name. */
function fieldsNamed(words: string, prefixes: Prefixes): readonly Field[] {
  const ofRouter = routerFields.get(words);
  const ofChannels = [...words.matchAll(/_/g)].flatMap(({ index }) => {
    const field = channelFields.get(words.slice(index + 1));
    if (field === undefined) return [];
    const channels = prefixes.get(words.slice(0, index)) ?? [];
    return channels.map((channel) => ({ schema: field.schema, path: ['channels', channel, ...field.path] }));
  });
  return ofRouter === undefined ? ofChannels : [ofRouter, ...ofChannels];
}

/** None: neither does it begin with a channel or the router, nor is it one letter or two from a variable of ours. */
function mistakeIn(variable: string, prefixes: Prefixes, search: Search): readonly ConfigMistake[] {
  const words = variable.slice(START.length);
  const starts = [...words.matchAll(/_|$/g)].map(({ index }) => words.slice(0, index));
  const isNamed = starts.some((start) => start === 'ROUTER' || prefixes.has(start));
  const suggestion = meantBy(variable, words, prefixes, search);
  if (!isNamed && suggestion === undefined) return [];
  return [{ file: variable, path: [], message: search.told, suggestion }];
}

/** The variable of ours that was probably meant; undefined: none, or too many were looked for. */
function meantBy(variable: string, words: string, prefixes: Prefixes, search: Search): string | undefined {
  if (search.left <= 0) return undefined;
  const near = ['ROUTER', ...prefixes.keys()].filter((prefix) => isNearStart(words, prefix));
  const variables = near.flatMap((prefix) =>
    prefix === 'ROUTER' ? [...routerFields.keys()] : [...channelFields.keys()].map((field) => `${prefix}_${field}`),
  );
  search.left -= prefixes.size + variables.length;
  const known = variables.map((name) => START + name);
  return nearest(variable, known);
}

function isNearStart(words: string, prefix: string): boolean {
  const { length } = prefix;
  return [length - 1, length, length + 1].some((end) => nearest(words.slice(0, end), [prefix]) !== undefined);
}

/** All variables as one layer, put together channel by channel: there may be thousands. */
function layerOf(settings: readonly Setting[]): Layer {
  // Shorter paths first, so that one field of a breaker can be laid over a whole breaker.
  const ordered = settings.toSorted((left, right) => left.path.length - right.path.length);
  const groups = grouped(ordered, ({ path }) => groupOf(path));
  const written = [...groups.values()].map((group): Written => {
    return group.map(writtenBy).reduce<Written>((low, high) => overlay(configSchema, low, high) as Written, {});
  });
  const channels = written.flatMap((each) => Object.entries(each.channels ?? {}));
  const value = { ...written.find(({ router }) => router !== undefined), channels: Object.fromEntries(channels) };
  return { value, place: (path) => placeOf(groups.get(groupOf(path)) ?? settings, path) };
}

function groupOf([section, name]: Path): string {
  return section === 'channels' ? `channels.${name}` : 'router';
}

function writtenBy({ path, schema, text }: Setting): unknown {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), readValue(text, schema));
}

/** Of the variables that set the field or something around it the last one won; else any that sets a part of it. */
function placeOf(settings: readonly Setting[], path: Path) {
  const around = settings.findLast((setting) => setting.path.every((key, index) => path[index] === key));
  const within = settings.find((setting) => path.every((key, index) => setting.path[index] === key));
  return { file: (around ?? within)?.variable ?? 'environment' };
}

// A field that takes any string takes it as it is; everything else is written as in JSON: 5, false, {"count":50}.
function readValue(text: string, schema: Schema): unknown {
  return z.safeParse(schema, text).success ? text : jsonOrText(text);
}
