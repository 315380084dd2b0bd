import type { RouterConfigInput } from '../../src/index.ts';
import type { Dice } from './chance.ts';

export type ChannelInput = NonNullable<RouterConfigInput['channels']>[string];
type Section<Name extends 'retry' | 'breaker' | 'restart'> = NonNullable<Exclude<ChannelInput[Name], false>>;

/** Small limits, so that every one of them is reached within a second or two. */
export function channelConfig(dice: Dice): ChannelInput {
  const batchSize = dice.of([1, 2, 5, 10, 20]);
  return {
    priority: dice.of([1, 2, 2, 3, 9]),
    batchSize,
    timeoutMs: dice.of([1, 5, 20, 100]),
    capacity: batchSize * dice.of([1, 2, 4]) + dice.of([0, 3, 40]),
    overflow: dice.of(['reject', 'reject', 'drop-oldest', 'drop-newest', 'conflate']),
    partitions: dice.of([1, 1, 2, 3]),
    partitionBy: dice.of(['sym', 'sym', 'sym', 'round-robin', 'least-loaded']),
    warmUpTimeoutMs: dice.of([50, 150]),
    processTimeoutMs: dice.of([50, 120, 300]),
    abandonAfterMs: dice.of([20, 100]),
    silenceMs: dice.of([0, 0, 0, 300]),
    isolate: dice.isBelow(0.75),
    whenTripped: dice.of(['hold', 'hold', 'reject']),
    retry: retry(dice),
    breaker: dice.isBelow(0.2) ? false : breaker(dice),
    restart: restart(dice),
  };
}

export function routerConfig(dice: Dice): NonNullable<RouterConfigInput['router']> {
  return {
    sliceMs: dice.of([0.5, 1, 5]),
    starvationMs: dice.of([20, 60, 200]),
    onGiveUp: dice.isBelow(0.07) ? 'escalate' : 'degrade',
    deadLetters: { capacity: dice.of([5, 50, 10_000]) },
  };
}

/** A few fields of each class: at once, with the next batch, by a new channel. */
export function channelChange(dice: Dice): ChannelInput {
  const whole = channelConfig(dice);
  const fields = dice.of<readonly (keyof ChannelInput)[]>([
    ['batchSize', 'capacity'],
    ['timeoutMs', 'priority'],
    ['overflow', 'capacity', 'batchSize'],
    ['partitions'],
    ['partitions', 'partitionBy', 'batchSize', 'capacity'],
    ['breaker'],
    ['retry', 'isolate', 'processTimeoutMs'],
    ['warmUpTimeoutMs'],
    ['whenTripped', 'restart', 'abandonAfterMs'],
  ]);
  // A part of a channel is a channel as it may be written: every field has a default.
  return Object.fromEntries(fields.map((field) => [field, whole[field]])) as ChannelInput;
}

function retry(dice: Dice): Section<'retry'> {
  const delayMs = dice.of([1, 10, 60]);
  return { attempts: dice.whole(1, 4), delayMs, delayMsMax: delayMs * dice.of([1, 3]) };
}

function breaker(dice: Dice): Section<'breaker'> {
  const minimumCalls = dice.whole(2, 5);
  const coolDownMs = dice.of([10, 40, 150]);
  return {
    window: dice.isBelow(0.5) ? { count: minimumCalls + dice.whole(0, 6) } : { ms: dice.of([50, 200, 1_000]) },
    minimumCalls,
    failureRate: dice.of([0.3, 0.5, 1]),
    slowCallMs: dice.of([10, 40, 150]),
    slowCallRate: dice.of([0.5, 1]),
    coolDownMs,
    coolDownMsMax: coolDownMs * dice.of([1, 4]),
    probes: dice.whole(1, 3),
    observeOnly: dice.isBelow(0.1),
    ...(dice.isBelow(0.15) && { shared: 'sink' }),
  };
}

function restart(dice: Dice): Section<'restart'> {
  return { limit: dice.of([1, 3, 5]), withinMs: dice.of([500, 3_000]), delayMs: dice.of([1, 20, 60]), delayMsMax: 100 };
}
