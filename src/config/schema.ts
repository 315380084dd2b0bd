import * as z from 'zod';
import { decimal, flag, isMap, noted, oneOf, sectionOf, whole, word } from './field.ts';

/** Chooses the partition of a message: the same key, the same partition. */
type PartitionKey = (message: unknown) => string;

/** Priority, batch size and batch age of each shipped data type; other types get the defaults of `channelSchema`. */
export const dataTypeDefaults = {
  tick: { priority: 1, batchSize: 1, timeoutMs: 10 },
  ohlcv: { priority: 2, batchSize: 100, timeoutMs: 100 },
  fmv: { priority: 3, batchSize: 50, timeoutMs: 500 },
} as const;

/** Names of channels. `router` is left out because `SLUICE_ROUTER_…` already means the router itself. */
export const channelName = /^(?!router$)[a-z][a-z0-9-]{0,63}$/;

const dayMs = 86_400_000;

const retrySchema = sectionOf({
  attempts: whole(1, 100, 3, 'next-batch', 'Calls of `process` that a batch gets before it is split.'),
  delayMs: whole(0, dayMs, 100, 'next-batch', 'Longest wait before the second attempt, in ms; waits are random.'),
  factor: decimal(1, 10, 2, 'next-batch', 'The longest wait grows by this factor with each attempt.'),
  delayMsMax: whole(0, dayMs, 30_000, 'next-batch', 'Upper bound of the wait between attempts, in ms.'),
  retryAfterMsMax: whole(0, dayMs, 300_000, 'next-batch', 'Upper bound of a wait that the sink asks for, in ms.'),
});

const spanUpTo = (max: number, error = `must be a whole number from 1 to ${max}`) =>
  z.int(error).min(1, error).max(max, error);
const byCount = z.strictObject({ count: spanUpTo(10_000) });
const byTime = z.strictObject({ ms: spanUpTo(dayMs) });
const windowAllowed = `{ count: 1 to 10000 } or { ms: 1 to ${dayMs} }`;
const windowSchema = (error: string) => z.union([byCount, byTime], error).default({ count: 20 });

const breakerSchema = sectionOf({
  window: noted(windowSchema, windowAllowed, 'next-batch', 'The attempts over which rates are computed.'),
  minimumCalls: whole(1, 10_000, 10, 'next-batch', 'The breaker does not open while its window has fewer attempts.'),
  failureRate: decimal(0.01, 1, 0.5, 'next-batch', 'The breaker opens when this share of the attempts failed.'),
  slowCallMs: whole(1, dayMs, 5_000, 'next-batch', 'A call that takes this long or longer is slow, in ms.'),
  slowCallRate: decimal(0.01, 1, 1, 'next-batch', 'The breaker opens when this share of the attempts was slow.'),
  coolDownMs: whole(1, dayMs, 5_000, 'next-batch', 'First cool-down, in ms; each failed probe doubles it.'),
  coolDownMsMax: whole(1, dayMs, 30_000, 'next-batch', 'Upper bound of the cool-down, in ms.'),
  probes: whole(1, 100, 3, 'next-batch', 'Trial batches that must succeed before the breaker closes.'),
  observeOnly: flag(false, 'live', 'The breaker counts and reports, but never opens.'),
  shared: word('restart', 'Channels with the same name here share one breaker. Default: the channel has its own.'),
});

const restartSchema = sectionOf({
  limit: whole(0, 1_000, 5, 'live', 'With more restarts than this within `withinMs` the router gives the channel up.'),
  withinMs: whole(1, dayMs, 60_000, 'live', 'Sliding window in which restarts are counted, in ms.'),
  delayMs: whole(0, dayMs, 100, 'live', 'Wait before the first restart, in ms; it doubles with each restart.'),
  delayMsMax: whole(0, dayMs, 30_000, 'live', 'Upper bound of the wait before a restart, in ms.'),
});

const breakerOrNone = z.union([z.literal(false), breakerSchema], 'must be false or a map of fields').prefault({});

const isPartitionBy = (value: unknown) => typeof value === 'function' || (typeof value === 'string' && value !== '');
const partitionBySchema = noted(
  (error) => z.custom<string | PartitionKey>(isPartitionBy, error).default('sym'),
  'the name of a field, round-robin, least-loaded or, in code, a function',
  'restart',
  'The key for partitions and `conflate`, read before validation; `sym` also finds pair, symbol and ticker.',
);

// Not `z.record`, which silently drops a key such as `__proto__`; the channel’s own schema must see that key.
export const eventRulesSchema = z
  .custom<Readonly<Record<string, unknown>>>(isMap, 'must be a map of rules')
  .default({});

/** One channel as it may be written; every field has a default. */
export const channelSchema = sectionOf({
  name: word('restart', 'The name of the channel: always the key of its map, so you can leave it out.'),
  dataType: word(
    'restart',
    'The data type of the channel; each channel of a type gets all its messages. Default: the name of the channel.',
  ),
  priority: whole(1, 9, 2, 'live', '1 is processed at once; the others take turns, 2 first and 9 last.'),
  share: noted(
    (error) => z.number(error).min(0.001, error).max(1_000, error).optional(),
    'a number from 0.001 to 1000',
    'live',
    'Weight by which channels below priority 1 share the time when all have more to do. Default: 1 / `priority`.',
  ),
  batchSize: whole(1, 100_000, 100, 'next-batch', 'A batch is due when this many messages wait.'),
  timeoutMs: whole(1, 3_600_000, 100, 'next-batch', 'A batch is due when its first message waited this long, in ms.'),
  capacity: whole(1, 10_000_000, 1_000, 'next-batch', 'Messages that the mailbox of each partition can hold.'),
  overflow: oneOf(
    ['reject', 'drop-oldest', 'drop-newest', 'conflate'],
    'next-batch',
    'What happens at `capacity`; `conflate` always keeps only the latest message of each key.',
  ),
  waitingMax: whole(1, 1_000_000, 10_000, 'live', 'Messages of `offer` and streams that wait for room in a partition.'),
  whenFull: oneOf(['wait', 'reject'], 'live', 'In `consume` and `writable`: a message waits for room, or is rejected.'),
  partitions: whole(1, 1_024, 1, 'restart', 'Actors that share the messages of the channel; order holds within each.'),
  partitionBy: partitionBySchema,
  warmUpTimeoutMs: whole(1, dayMs, 10_000, 'restart', 'The channel fails when `warmUp` takes longer than this, in ms.'),
  processTimeoutMs: whole(1, dayMs, 10_000, 'next-batch', 'The signal of `process` aborts after this time, in ms.'),
  abandonAfterMs: whole(1, dayMs, 5_000, 'next-batch', 'The channel is restarted this long after the abort, in ms.'),
  silenceMs: whole(0, dayMs, 0, 'live', 'An alert is raised when no message came for this long, in ms (0: never).'),
  isolate: flag(true, 'next-batch', 'A batch that keeps failing is split to find its poison messages.'),
  whenTripped: oneOf(['hold', 'reject'], 'live', 'While the breaker is open: hold new messages, or reject them.'),
  retry: noted(retrySchema.prefault({}), 'a map', 'next-batch', 'Attempts and waits after a failed call.'),
  breaker: noted(breakerOrNone, 'false or a map', 'restart', 'Stops calls to a failing sink; `false`: no breaker.'),
  restart: noted(restartSchema.prefault({}), 'a map', 'live', 'Limits and waits for restarts of a failed channel.'),
  eventRules: noted(eventRulesSchema, 'what `rules` allows', 'next-batch', 'Passed to `process` as `context.rules`.'),
});

const bytesMax = (fallback: number, what: string) =>
  whole(1_000, 100_000_000_000, fallback, 'live', `About how many bytes ${what} may take together.`);

const refusedSchema = sectionOf({
  capacity: whole(1, 10_000_000, 2_000, 'live', 'Letters of refused messages that are kept, at most the other number.'),
  bytesMax: bytesMax(10_000_000, 'letters of refused messages'),
}).prefault({});

const deadLettersSchema = sectionOf({
  capacity: whole(1, 10_000_000, 10_000, 'live', 'Letters of given-up messages that are kept; the oldest goes first.'),
  bytesMax: bytesMax(100_000_000, 'letters of given-up messages'),
  refused: noted(refusedSchema, 'a map', 'live', 'Bounds for letters of messages that were refused at the door.'),
}).prefault({});

const recognizedType = noted(
  (error) => z.union([z.string().min(1).max(100), z.null()], error),
  'a data type, or nothing for messages that nobody wants',
  'live',
  'The data type of messages with this value.',
);

const recognizeSchema = sectionOf({
  field: noted(
    (error) => z.string(error).min(1, error).max(100).default('ev'),
    'the name of a field',
    'live',
    'The field of a message whose value names its data type.',
  ),
  types: noted(
    z.record(z.string(), recognizedType, 'must be a map of data types').prefault({}),
    'a map of data types by value',
    'live',
    'The data type of each value of `field`: `{ trade: tick, kline: ohlcv, heartbeat: }`; nothing: nobody wants it. For `ev` the events of Massive are known already.',
  ),
  shapes: flag(
    false,
    'live',
    'A message without `field` is judged by its shape: prices, bars and fair values. Orders and alerts look like trades.',
  ),
  ignore: noted(
    (error) => z.array(z.string(error).max(100), error).max(1_000).default([]),
    'a list of at most 1000 strings',
    'live',
    'Values of `field`, or data types, that nobody wants: such messages are counted and not kept.',
  ),
}).prefault({});

const routerSchema = sectionOf({
  sliceMs: decimal(0.1, 1_000, 1, 'live', 'Longest work before the scheduler yields to the event loop, in ms.'),
  starvationMs: whole(1, dayMs, 1_000, 'live', 'A batch that is due gets its turn within this time, in ms.'),
  onGiveUp: oneOf(['degrade', 'escalate'], 'live', 'When a channel is given up: go on, or fail to the host.'),
  recognize: noted(recognizeSchema, 'a map', 'live', 'How messages are told apart.'),
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

/** Pairs of fields of a channel: the first may not exceed the second. */
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
