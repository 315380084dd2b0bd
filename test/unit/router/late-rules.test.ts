import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { RouterConfigInput } from '../../../src/config/schema.ts';
import { defineChannel } from '../../../src/index.ts';
import { createTestRouter, message } from '../../../src/testing/index.ts';

/** A router whose only class cannot be made at first, so that its rules are not known before it starts. */
async function rigWith(eventRules: NonNullable<RouterConfigInput['channels']>[string]['eventRules'] = {}) {
  const seen: unknown[] = [];
  const Ruled = defineChannel({
    rules: z.object({ minMove: z.number().positive().default(2) }),
    process: (_batch, { rules }) => void seen.push(rules),
  });
  let isReady = false;
  const rig = await createTestRouter({
    isStarted: false,
    config: { channels: { tick: { batchSize: 1, eventRules } } },
    channels: {
      tick: () => {
        if (!isReady) throw new Error('not yet');
        return new Ruled();
      },
    },
  });
  const start = async (): Promise<void> => {
    isReady = true;
    await rig.advanceUntil(rig.router.start());
  };
  return { rig, seen, start };
}

describe('R4.1 the rules of a class that could not be made when the router was', () => {
  it('check `eventRules` when it is made at last, and fill in what they fill in', async () => {
    const { rig, seen, start } = await rigWith();
    await start();
    rig.router.route(message('tick', 0));
    expect(seen).toEqual([{ minMove: 2 }]);
  });

  it('hold after a reload, too', async () => {
    const { rig, seen, start } = await rigWith();
    await start();
    await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { batchSize: 2, timeoutMs: 1 } } }));
    rig.router.route(message('tick', 0));
    await rig.advance(10);
    expect(seen).toEqual([{ minMove: 2 }]);
  });

  it('fail the channel when `eventRules` are wrong, and the explanation says where', async () => {
    const { rig, start } = await rigWith({ minMove: -1 });
    await start();
    expect(rig.router.health().channels.tick).toMatchObject({ state: 'failed' });
    expect(rig.router.explain('tick').sentence).toContain('channels.tick.eventRules.minMove');
  });
});
