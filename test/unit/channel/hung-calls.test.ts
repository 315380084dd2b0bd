import { describe, expect, it } from 'vitest';
import type { Reaction, TestMessage } from '../../../src/testing/index.ts';
import { createTestRouter, hang, message, messages, succeed } from '../../../src/testing/index.ts';
import { holdNext, routeAndAdvance } from '../../support/routed.ts';

const limits = { processTimeoutMs: 1_000, abandonAfterMs: 500 };

describe('a call that does not settle', () => {
  it('sees its signal abort after exactly `processTimeoutMs`', async () => {
    const rig = await createTestRouter({ sinks: { tick: limits } });
    rig.sink('tick').script.push(hang());
    rig.router.route(message('tick', 0));
    const signal = rig.sink('tick').calls[0]?.context.signal;
    await rig.advance(999);
    expect(signal?.aborted).toBe(false);
    await rig.advance(1);
    expect(signal?.aborted).toBe(true);
    expect(String(signal?.reason)).toBe("Error: process of channel 'tick' did not settle within 1000 ms");
  });

  it('has a listener of its signal that throws: Node reports that as uncaught, and the accounts stay right', async () => {
    const others = process.rawListeners('uncaughtException') as NodeJS.UncaughtExceptionListener[];
    process.removeAllListeners('uncaughtException');
    const uncaught: unknown[] = [];
    process.on('uncaughtException', (error) => void uncaught.push(error));
    try {
      const rig = await createTestRouter({ sinks: { tick: { ...limits, restart: { delayMs: 100 } } } });
      rig.sink('tick').script.push((call) => {
        call.context.signal.addEventListener('abort', () => {
          throw new Error('cannot cancel');
        });
        return hang()(call);
      });
      await routeAndAdvance(rig, message('tick', 0), 1_000);
      expect(uncaught).toMatchObject([{ message: 'cannot cancel' }]);
      await rig.advance(1_000);
      expect(rig.metrics('tick')).toMatchObject({ delivered: 1, inFlight: 0, restarts: 1 });
      expect(await rig.stop()).toMatchObject({ conserved: true });
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of others) process.on('uncaughtException', listener);
    }
  });

  it('that asks for its signal only afterwards gets one that has aborted', async () => {
    const rig = await createTestRouter({ sinks: { tick: limits } });
    rig.sink('tick').script.push(hang());
    await routeAndAdvance(rig, message('tick', 0), 1_200);
    expect(rig.sink('tick').calls[0]?.context.signal.aborted).toBe(true);
  });

  it('R6.2 is abandoned `abandonAfterMs` later: the channel restarts and delivers the batch again, as attempt 2', async () => {
    const rig = await createTestRouter({ sinks: { tick: { ...limits, restart: { delayMs: 100 } } } });
    rig.sink('tick').script.push(hang());
    await routeAndAdvance(rig, messages('tick', 3), 1_499);
    expect(rig.metrics('tick')).toMatchObject({ state: 'flushing', inFlight: 1, buffered: 2 });
    await rig.advance(1);
    expect(rig.metrics('tick')).toMatchObject({ state: 'failed', inFlight: 0, buffered: 3 });
    expect(rig.router.explain('tick').sentence).toContain('a call of process did not settle');
    await rig.advance(100);
    const calls = rig.sink('tick').calls.map(({ at, attempt, batch }) => [at, attempt, batch[0]?.n]);
    expect(calls).toEqual([
      [0, 1, 0],
      [1_600, 2, 0],
      [1_600, 1, 1],
      [1_600, 1, 2],
    ]);
    expect(rig.facts('channel.restarted')).toMatchObject([{ channel: 'tick', n: 1 }]);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 3, restarts: 1 });
  });

  it.each([undefined, new Error('late')])(
    'counts what comes of it after that (%s) as late, and nothing else',
    async (error) => {
      const rig = await createTestRouter({ sinks: { tick: limits } });
      const call = holdNext(rig.sink('tick'));
      await routeAndAdvance(rig, message('tick', 0), 2_000);
      expect(rig.metrics('tick')).toMatchObject({ delivered: 1, late: 0 });
      rig.sink('tick').calls[0]?.context.emit('ghost');
      if (error === undefined) call.succeed();
      else call.fail(error);
      await rig.advance(0);
      expect(rig.metrics('tick')).toMatchObject({ delivered: 1, late: 2, state: 'idle' });
      expect(rig.events).toEqual([]);
    },
  );

  it('but settles between the two deadlines counts as what it says', async () => {
    const rig = await createTestRouter({ sinks: { tick: limits } });
    const call = holdNext(rig.sink('tick'));
    await routeAndAdvance(rig, message('tick', 0), 1_200);
    call.succeed();
    await rig.advance(5_000);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 1, calls: 1, restarts: 0, late: 0, state: 'idle' });
  });

  it('and fails because of the signal is tried again without a restart', async () => {
    const rig = await createTestRouter({ sinks: { tick: limits } });
    const obedient: Reaction<TestMessage> = ({ context }) =>
      new Promise((_resolve, reject) => context.signal.addEventListener('abort', () => reject(context.signal.reason)));
    rig.sink('tick').script.push(obedient, succeed());
    await routeAndAdvance(rig, message('tick', 0), 5_000);
    expect(rig.facts('batch.failed')).toMatchObject([{ attempt: 1, isTimedOut: true }]);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 1, calls: 2, restarts: 0 });
  });
});
