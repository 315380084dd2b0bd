import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type ChannelReport, ProcessingChannel } from '../../../src/index.ts';
import { createTestRouter, message, messages } from '../../../src/testing/index.ts';
import { routeAndAdvance } from '../../support/routed.ts';

/** A channel class whose constructor throws so many times. */
function fragile(failures: number, delivered: unknown[]) {
  let left = failures;
  return class extends ProcessingChannel<{ n: number }> {
    override readonly schema = z.object({ n: z.coerce.number().max(7) });

    constructor() {
      super();
      left -= 1;
      if (left >= 0) throw new Error('no connection');
    }

    override process(batch: readonly { n: number }[]): void {
      delivered.push(...batch);
    }
  };
}

describe('a constructor that throws at the first start', () => {
  it('lets messages wait for the first instance, which then checks them', async () => {
    const delivered: unknown[] = [];
    // Once to read its rules, and at the first start.
    const rig = await createTestRouter({ channels: { tick: fragile(2, delivered) } });
    expect(rig.metrics('tick').state).toBe('failed');
    for (const n of [1, '2', 8, 3]) expect(rig.router.route({ ev: 'T', n }).status).toBe('accepted');
    await rig.advance(1_000);
    expect(delivered).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(rig.metrics('tick')).toMatchObject({ accepted: 4, delivered: 3, deadLettered: 1, buffered: 0 });
    expect(await rig.router.deadLetters.list()).toMatchObject([{ reason: 'invalid', message: { n: 8 } }]);
  });

  it('hands them back when the first instance takes its channel out as it checks them', async () => {
    let starts = 0;
    let removed: Promise<ChannelReport> | undefined;
    class Late extends ProcessingChannel<unknown> {
      constructor() {
        super();
        starts += 1;
        if (starts <= 2) throw new Error('no connection');
      }

      override validate(raw: unknown): unknown {
        removed ??= rig.router.remove('tick', { deadlineMs: 10 });
        return raw;
      }

      override process(): void {}
    }
    const rig = await createTestRouter({ channels: { tick: Late } });
    rig.router.pause();
    await routeAndAdvance(rig, messages('tick', 3), 1_000);
    expect(await removed).toMatchObject({ accepted: 3, returned: 3, buffered: 0 });
    expect(rig.facts('channel.entered').at(-1)).toMatchObject({ channel: 'tick', to: 'stopped' });
    expect(rig.router.metrics().conserved).toBe(true);
  });

  it('hands them back as they came when it never gets one', async () => {
    const rig = await createTestRouter({ channels: { tick: fragile(Number.POSITIVE_INFINITY, []) } });
    const waiting = messages('tick', 3);
    await routeAndAdvance(rig, waiting, 1_000);
    expect((await rig.stop()).channels.tick).toMatchObject({ returned: 3, returnedMessages: waiting });
  });

  it('keeps them across a reload', async () => {
    const delivered: unknown[] = [];
    const rig = await createTestRouter({
      config: { channels: { tick: { restart: { delayMs: 5_000 } } } },
      channels: { tick: fragile(2, delivered) },
    });
    for (const n of [1, 8, 3]) rig.router.route({ ev: 'T', n });
    await rig.advanceUntil(rig.router.reconfigure({ channels: { tick: { partitions: 2 } } }));
    await rig.advance(10_000);
    expect(delivered).toEqual([{ n: 1 }, { n: 3 }]);
    expect(rig.metrics('tick')).toMatchObject({ deadLettered: 1, buffered: 0 });
  });

  it('refuses them as ever before the router is started, and after it was stopped', async () => {
    const rig = await createTestRouter({ isStarted: false, channels: { tick: fragile(2, []) } });
    const refused = { status: 'rejected', reason: 'not-running' };
    expect(rig.router.route(message('tick', 0))).toEqual(refused);
    await rig.advanceUntil(rig.router.start());
    await rig.stop();
    expect(rig.router.route(message('tick', 0))).toEqual(refused);
  });
});
