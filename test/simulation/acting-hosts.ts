import { symbolOf } from '../../src/core/symbol.ts';
import type { RouterConfigInput } from '../../src/index.ts';
import { chanceOf, type Dice } from './chance.ts';
import { channelChange } from './channel-configs.ts';
import type { Action, FactName, Operation, Place } from './plan.ts';

/** Share of the seeds whose host acts from inside its own callbacks. */
const ACTING = 1 / 3;
const FACTS: readonly FactName[] = [
  ...(['router.entered', 'channel.entered', 'channel.restarted', 'channel.gaveUp', 'config.applied'] as const),
  ...(['batch.failed', 'batch.flushed', 'breaker.opened', 'breaker.closed', 'drain.progressed'] as const),
  ...(['message.deadLettered', 'message.dropped', 'message.rejected', 'alert.raised', 'alert.cleared'] as const),
];
const CALLBACKS: readonly Place[] = ['rule', 'key', 'validate', 'logger', 'process'];

/** The host of such a seed acts from inside. */
export function isActing(seed: number): boolean {
  return chanceOf(seed, 3).isBelow(ACTING);
}

/** What the host of a seed does from inside its callbacks, beside the actions of its plan; nothing in most seeds. */
export function actionsInside(seed: number, names: readonly string[], endMs: number): readonly Action[] {
  if (!isActing(seed)) return [];
  const dice = chanceOf(seed, 4);
  return Array.from({ length: dice.whole(2, 8) }, () => {
    const place = dice.of(dice.isBelow(0.5) ? FACTS : CALLBACKS);
    const operation: Operation = { kind: 'inside', place, operation: orderOf(dice, names) };
    return { atMs: Math.floor(dice.random() * endMs), operation };
  });
}

/** Keys are read by a function that acts, where one was read by name. */
export function withActingKeys(config: RouterConfigInput, act: () => void): RouterConfigInput {
  const key = (message: unknown): string => {
    act();
    return symbolOf(message);
  };
  const channels = Object.entries(config.channels ?? {}).map(([name, channel]) => {
    return [name, channel.partitionBy === 'sym' ? { ...channel, partitionBy: key } : channel] as const;
  });
  return { ...config, channels: Object.fromEntries(channels) };
}

function orderOf(dice: Dice, names: readonly string[]): Operation {
  const channel = dice.of(names);
  const kind = dice.weighted({ stop: 1, remove: 2, reload: 3, restart: 3, burst: 4 });
  if (kind === 'stop') return { kind, deadlineMs: dice.of([0, 50, 2_000]) };
  if (kind === 'remove') return { kind, channel, deadlineMs: dice.of([0, 20, 500]) };
  if (kind === 'reload') return { kind, channel, change: channelChange(dice) };
  if (kind === 'restart') return { kind, channel };
  return { kind, channel, shape: [dice.whole(1, 6)], keys: 3, mark: null, markEvery: 1 };
}
