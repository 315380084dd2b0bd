import { setTimeout as sleep } from 'node:timers/promises';
import { createSystemClock } from '../../src/adapters/system-clock.ts';
import { type RedisSend, redisLetters } from '../../src/redis/index.ts';
import { RedisChannel } from '../../src/redis/redis-channel.ts';
import { redisAppender } from '../../src/redis/redis-publisher.ts';
import { redisSourceOn } from '../../src/redis/redis-source.ts';
import type { SourceRig } from '../../src/testing/source-rig.ts';
import { memberRig } from './member-rig.ts';

export const redisFeatures = ['killable', 'fenced', 'revocable', 'gaps', 'undecodable', 'letters'] as const;

/** A channel of one partition on a Redis. */
export async function redisRig(send: RedisSend, name: string): Promise<Required<SourceRig>> {
  const clock = createSystemClock();
  const layout = { send, channel: name, partitions: 1 };
  const channel = new RedisChannel(layout, clock);
  await channel.prepare();
  const appender = redisAppender(channel, 1e9);
  let appended = 0;
  return memberRig({
    clock,
    join: (memberClock) => redisSourceOn(memberClock, { ...layout, leaseMs: 1_000, drainMs: 100, trimEveryMs: 60_000 }),
    letters: redisLetters({ send, channel: name, maxLetters: 5 }),
    lettersMax: 5,
    append: (frame) => appender.append(0, frame, `rig:0:${++appended}`),
    removeUpTo: async (position) => void (await send(['XTRIM', channel.keys.stream(0), 'MINID', String(position + 1)])),
    // Real time: a minute would not show more than three seconds do.
    advance: (ms) => sleep(Math.min(ms, 3_000)),
  });
}
