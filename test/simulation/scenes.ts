import type { RouterConfigInput } from '../../src/index.ts';
import { chanceOf } from './chance.ts';
import { type ChannelInput, channelConfig } from './channel-configs.ts';
import type { Action, Operation, Plan } from './plan.ts';

type Channels = NonNullable<RouterConfigInput['channels']>;

/** Of so many seeds one has a mailbox so large that nothing may spread it, and it wraps. */
const HUGE_EVERY = 400;
const HUGE = 200_000;

/** A channel that gets what another one gets, in a quarter of the seeds; limits of what waits for room, in half of them. */
export function withScenes(seed: number, channels: Channels): Channels {
  const dice = chanceOf(seed, 7);
  const [first = 'tick'] = Object.keys(channels);
  const all = dice.isBelow(0.25) ? { ...channels, copy: { ...channelConfig(dice), dataType: first } } : channels;
  if (dice.isBelow(0.5)) return all;
  const limits = { waitingMax: dice.of([1, 5, 40]), whenFull: dice.of<'wait' | 'reject'>(['wait', 'wait', 'reject']) };
  return Object.fromEntries(Object.entries(all).map(([name, channel]) => [name, { ...channel, ...limits }]));
}

/** What code says of a channel, in a quarter of the seeds: it wins over every file that is read later. */
export function overridesOf(seed: number, names: readonly string[]): Plan['overrides'] {
  const dice = chanceOf(seed, 8);
  if (!dice.isBelow(0.25)) return undefined;
  const { isolate, processTimeoutMs, timeoutMs, whenTripped } = channelConfig(dice);
  const said: ChannelInput = dice.isBelow(0.5) ? { timeoutMs, processTimeoutMs } : { isolate, timeoutMs, whenTripped };
  return { channels: { [dice.of(names)]: said } };
}

/** Situations that chance alone brings about too rarely. */
export function sceneOf(seed: number, names: readonly string[], endMs: number): readonly Action[] {
  const dice = chanceOf(seed, 9);
  const channel = dice.of(names);
  const from = Math.floor(dice.random() * endMs);
  const at = (ms: number, operation: Operation): Action => ({ atMs: from + ms, operation });
  const burst = (count: number, mark: 'refused' | null, markEvery: number): Operation => {
    return { kind: 'burst', channel, shape: [count, 0, count], keys: 3, mark, markEvery };
  };
  const failing: Operation = {
    kind: 'sink',
    channel,
    mode: { kind: 'failing', how: 'rejects', afterMs: 0, asksMs: 0 },
  };
  const healthy: Operation = { kind: 'sink', channel, mode: { kind: 'healthy' } };
  switch (dice.weighted({ none: 4, outage: 2, streams: 3 })) {
    case 'none':
      return [];
    // Bad requests are at the head when the sink is well again; or it is stopped then, behind its open breaker.
    case 'outage': {
      const down = [at(0, failing), at(0, burst(8, null, 1)), at(30, burst(6, 'refused', dice.of([1, 3])))];
      const stop: Operation = { kind: 'stop', deadlineMs: dice.of([300, 2_000]) };
      return [...down, at(60, healthy), ...(dice.isBelow(0.5) ? [at(60 + dice.whole(0, 20), stop)] : [])];
    }
    // One channel is full while streams bring messages for all.
    case 'streams': {
      const stuck = dice.of<Operation>([failing, { kind: 'pause', channel }, healthy]);
      const streams = Array.from({ length: dice.whole(1, 3) }, () => {
        const how = dice.of<'consume' | 'writable'>(['consume', 'writable']);
        const stream: Operation = { kind: 'stream', how, count: dice.of([10, 100, 400]), everyMs: dice.of([0, 0, 2]) };
        return at(dice.whole(0, 60), stream);
      });
      const offers: Operation = { kind: 'offer', channel, count: 12, abortAfterMs: null };
      return [at(0, stuck), at(1, burst(30, null, 1)), ...streams, at(20, offers)];
    }
  }
}

/** Undefined: the seed has no huge mailbox. Paused, filled, half delivered, filled again, and ended. */
export function hugeOf(seed: number): Omit<Plan, 'seed'> | undefined {
  if (seed % HUGE_EVERY !== 0) return undefined;
  const dice = chanceOf(seed, 10);
  const batchSize = dice.of([1_000, 5_000]);
  const channel = 'tick';
  const config: RouterConfigInput = {
    channels: { [channel]: { batchSize, capacity: 250_000, timeoutMs: 5, processTimeoutMs: 300, breaker: false } },
  };
  const burst: Operation = { kind: 'burst', channel, shape: [HUGE], keys: 5, mark: null, markEvery: 1 };
  const end: Operation = dice.of([
    { kind: 'stop', deadlineMs: 0 },
    { kind: 'remove', channel, deadlineMs: 0 },
  ]);
  const operations: readonly Operation[] = [
    { kind: 'pause', channel },
    burst,
    { kind: 'sink', channel, mode: { kind: 'slow', ms: 1 } },
    { kind: 'resume', channel },
    { kind: 'pause', channel },
    burst,
    end,
  ];
  // A call takes 1 ms: after so many ms half of it is delivered.
  const halfMs = HUGE / batchSize / 2;
  const actions = operations.map((operation, index) => ({ atMs: index < 4 ? index : halfMs + index, operation }));
  return { config, outside: undefined, overrides: undefined, actions };
}
