import * as z from 'zod';
import { decimal, flag, isMap, noted, oneOf, sectionOf, whole, word } from './field.ts';

/** Chooses the partition of a message: the same key, the same partition. */
type PartitionKey = (message: unknown) => string;

/** Turn, batch size and batch age that suit each data type; every other type gets those of `channelSchema`. */
export const dataTypeDefaults = {
  tick: { priority: 1, batchSize: 1, timeoutMs: 10 },
  ohlcv: { priority: 2, batchSize: 100, timeoutMs: 100 },
  fmv: { priority: 3, batchSize: 50, timeoutMs: 500 },
} as const;

/** Names of channels. `router` is left out because `SLUICE_ROUTER_…` already means the router itself. */
export const channelName = /^(?!router$)[a-z][a-z0-9-]{0,63}$/;

const dayMs = 86_400_000;

const retrySchema = sectionOf({
  attempts: whole(1, 100, 3, 'next-batch', 'Calls of `process` a batch gets before its messages are isolated.'),
  delayMs: whole(0, dayMs, 100, 'next-batch', 'Longest wait before the second attempt, in ms; the wait is jittered.'),
  factor: decimal(1, 10, 2, 'next-batch', 'The wait grows by this factor with each attempt.'),
  delayMsMax: whole(0, dayMs, 30_000, 'next-batch', 'No wait between attempts is longer, in ms.'),
});

const windowAllowed = `{ count: 1 to 10000 } or { ms: 1 to ${dayMs} }`;
const spanUpTo = (max: number, error = `must be a whole number from 1 to ${max}`) =>
  z.int(error).min(1, error).max(max, error);
const byCount = z.strictObject({ count: spanUpTo(10_000) });
const byTime = z.strictObject({ ms: spanUpTo(dayMs) });
const windowSchema = z.union([byCount, byTime], `must be ${windowAllowed}`).default({ count: 20 });

const breakerSchema = sectionOf({
  window: noted(windowSchema, windowAllowed, 'next-batch', 'The attempts the rates are taken over.'),
  minimumCalls: whole(1, 10_000, 10, 'next-batch', 'The breaker never opens with fewer attempts in its window.'),
  failureRate: decimal(0.01, 1, 0.5, 'next-batch', 'Opens when this share of the attempts failed.'),
  slowCallMs: whole(1, dayMs, 5_000, 'next-batch', 'A call that takes longer is slow, in ms.'),
  slowCallRate: decimal(0.01, 1, 1, 'next-batch', 'Opens when this share of the attempts was slow.'),
  coolDownMs: whole(1, dayMs, 5_000, 'next-batch', 'Stays open this long the first time, in ms, then twice as long.'),
  coolDownMsMax: whole(1, dayMs, 300_000, 'next-batch', 'Never stays open longer before it probes, in ms.'),
  probes: whole(1, 100, 3, 'next-batch', 'Trial batches that must succeed before it closes.'),
  observeOnly: flag(false, 'live', 'Counts and reports, but never holds anything up.'),
  shared: word('restart', 'Channels naming the same breaker share it. Default: a breaker of its own.'),
});

const restartSchema = sectionOf({
  limit: whole(0, 1_000, 5, 'live', 'With more restarts than this within `withinMs` the channel stays failed.'),
  withinMs: whole(1, dayMs, 60_000, 'live', 'Span in which restarts are counted, in ms.'),
  delayMs: whole(0, dayMs, 100, 'live', 'Wait before the first restart, in ms; it doubles with each.'),
  delayMsMax: whole(0, dayMs, 30_000, 'live', 'No wait before a restart is longer, in ms.'),
});

const breakerOrNone = z.union([z.literal(false), breakerSchema], 'must be false or a map of fields').prefault({});

const partitionByAllowed = 'the name of a field, round-robin, least-loaded or, in code, a function';
const isPartitionBy = (value: unknown) => typeof value === 'function' || (typeof value === 'string' && value !== '');
const partitionBySchema = noted(
  z.custom<string | PartitionKey>(isPartitionBy, `must be ${partitionByAllowed}`).default('sym'),
  partitionByAllowed,
  'restart',
  'The key of partitions and of `conflate`, read from the message as it came; `sym` also finds pair, symbol and ticker.',
);

// Not `z.record`, which would drop a key such as `__proto__` without a word; the channel’s own schema is to see it.
const eventRulesSchema = z.custom<Readonly<Record<string, unknown>>>(isMap, 'must be a map of rules').default({});

/** One channel as it may be written; every field has a default. */
export const channelSchema = sectionOf({
  name: word('restart', 'The key the channel stands under, and the default; it need not be repeated.'),
  dataType: word('restart', 'The data type it serves; one channel per type. Default: the name of the channel.'),
  priority: whole(1, 9, 2, 'live', 'Turn among the channels: 1 is processed at once, 9 comes last.'),
  batchSize: whole(1, 100_000, 100, 'next-batch', 'A batch is due at this many messages.'),
  timeoutMs: whole(1, 3_600_000, 100, 'next-batch', 'A batch is due when its first message waited so long, in ms.'),
  capacity: whole(1, 10_000_000, 1_000, 'next-batch', 'Messages the mailbox of each partition holds.'),
  overflow: oneOf(
    ['reject', 'drop-oldest', 'drop-newest', 'conflate'],
    'next-batch',
    'At `capacity`: refuse or drop one; conflate: at any depth only the latest of each key waits.',
  ),
  partitions: whole(1, 1_024, 1, 'restart', 'Actors that share the channel; order holds within each.'),
  partitionBy: partitionBySchema,
  warmUpTimeoutMs: whole(1, dayMs, 10_000, 'restart', 'The channel fails when `warmUp` takes longer, in ms.'),
  processTimeoutMs: whole(1, dayMs, 10_000, 'next-batch', 'The signal of `process` aborts after so long, in ms.'),
  abandonAfterMs: whole(1, dayMs, 5_000, 'next-batch', 'After the abort: the channel counts as hung, in ms.'),
  silenceMs: whole(0, dayMs, 0, 'live', 'An alert is raised when nothing came for so long, in ms (0: never).'),
  isolate: flag(true, 'next-batch', 'A batch that keeps failing is split to find the messages at fault.'),
  whenTripped: oneOf(['hold', 'reject'], 'live', 'While the breaker is open: keep new messages, or refuse them.'),
  retry: noted(retrySchema.prefault({}), 'a map', 'next-batch', 'What follows a failed attempt.'),
  breaker: noted(breakerOrNone, 'false or a map', 'restart', 'Spares a sink that fails; `false`: never.'),
  restart: noted(restartSchema.prefault({}), 'a map', 'live', 'What follows the crash of a channel.'),
  eventRules: noted(eventRulesSchema, 'what the channel’s schema allows', 'next-batch', 'What `context.rules` holds.'),
});

const deadLetterCapacity = whole(1, 10_000_000, 10_000, 'live', 'Dead letters that are kept; then the oldest goes.');
const deadLettersSchema = sectionOf({ capacity: deadLetterCapacity }).prefault({});

const routerSchema = sectionOf({
  sliceMs: decimal(0.1, 1_000, 1, 'live', 'Longest stretch of work before the event loop gets its turn, in ms.'),
  starvationMs: whole(1, dayMs, 1_000, 'live', 'A batch that is due gets its turn within this time, in ms.'),
  onGiveUp: oneOf(['degrade', 'escalate'], 'live', 'When a channel is given up: go on, or fail to the host.'),
  deadLetters: noted(deadLettersSchema, 'a map', 'live', 'The store of dead letters.'),
});

/** The whole configuration as it may be written. */
export const configSchema = z.strictObject(
  {
    router: routerSchema.prefault({}),
    channels: z.record(z.string(), channelSchema, 'must be a map of channels').prefault({}),
  },
  'must be a map with router and channels',
);

/** Pairs of fields of a channel of which the first may not be above the second. */
export const orderedFields: readonly (readonly [string, string])[] = [
  ['batchSize', 'capacity'],
  ['retry.delayMs', 'retry.delayMsMax'],
  ['restart.delayMs', 'restart.delayMsMax'],
  ['breaker.coolDownMs', 'breaker.coolDownMsMax'],
  ['breaker.minimumCalls', 'breaker.window.count'],
];

type Resolved<T> = unknown extends T ? T : T extends PartitionKey ? T : { readonly [Key in keyof T]: Resolved<T[Key]> };

/** A channel with every field filled in. */
export interface ChannelConfig extends Resolved<z.output<typeof channelSchema>> {
  readonly name: string;
  readonly dataType: string;
}

/** The whole configuration, checked, with every field filled in. */
export interface RouterConfig {
  readonly router: Resolved<z.output<typeof routerSchema>>;
  readonly channels: Readonly<Record<string, ChannelConfig>>;
}

/** The configuration as it is written: every field may be left out. */
export type RouterConfigInput = Resolved<z.input<typeof configSchema>>;
