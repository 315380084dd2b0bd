import { describe, expect, it } from 'vitest';
import { createTestRouter, hang, message, messages, type TestRouter } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';
import { holdNext } from '../../support/routed.ts';

/** The main thread is busy for so long. Meanwhile an answer arrives, which Node reads after it has called timers. */
async function block(rig: TestRouter, ms: number, answer: () => void): Promise<void> {
  rig.clock.jump(ms);
  rig.clock.setImmediate(answer);
  await rig.advance(0);
}

describe('R6.2 a deadline that passed while the event loop stood still', () => {
  it('does not count against a call whose answer was there', async () => {
    const rig = await createTestRouter({ sinks: { tick: { processTimeoutMs: 1_000, abandonAfterMs: 5_000 } } });
    const call = holdNext(rig.sink('tick'));
    rig.router.route(message('tick', 0));
    await block(rig, 6_001, call.succeed);
    await rig.advance(60_000);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 1, failures: 0, restarts: 0, late: 0, calls: 1 });
    expect(rig.sink('tick').calls[0]?.context.signal.aborted).toBe(false);
  });

  it('leaves a call that did not answer all of its `abandonAfterMs` after the abort', async () => {
    const rig = await createTestRouter({ sinks: { tick: { processTimeoutMs: 1_000, abandonAfterMs: 5_000 } } });
    const call = holdNext(rig.sink('tick'));
    rig.router.route(message('tick', 0));
    await block(rig, 7_000, () => {});
    await rig.advance(1);
    expect(rig.sink('tick').calls[0]?.context.signal.aborted).toBe(true);
    await rig.advance(4_998);
    expect(rig.metrics('tick')).toMatchObject({ state: 'flushing', inFlight: 1, restarts: 0 });
    call.succeed();
    await rig.advance(1_000);
    expect(rig.metrics('tick')).toMatchObject({ delivered: 1, restarts: 0, late: 0 });
  });

  it('does not fail a `warmUp` that was done', async () => {
    const rig = await createTestRouter({ isStarted: false, sinks: { tick: { warmUpTimeoutMs: 1_000 } } });
    let done = (): void => {};
    rig.sink('tick').channel().constructor.prototype.warmUp = () =>
      new Promise<void>((resolve) => {
        done = resolve;
      });
    const started = rig.router.start();
    await rig.advance(0);
    delete rig.sink('tick').channel().constructor.prototype.warmUp;
    await block(rig, 2_000, () => done());
    await rig.advanceUntil(started);
    expect(rig.states('tick')).not.toContain('failed');
  });

  it('hands nothing back that a drain delivered', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    const call = holdNext(rig.sink('tick'));
    rig.router.routeAll(messages('tick', 3));
    const stopped = rig.router.stop({ deadlineMs: 1_000 });
    await rig.advance(0);
    await block(rig, 1_500, call.succeed);
    const report = await rig.advanceUntil(stopped);
    expect(report).toMatchObject({ conserved: true, channels: { tick: { inFlight: 0, unsettledMessages: [] } } });
    expect(numbersOf(rig.sink('tick').delivered)).toContain(0);
  });

  it('is believed after that turn: nothing hangs', async () => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').otherwise = hang();
    rig.router.routeAll(messages('tick', 3));
    const stopped = rig.router.stop({ deadlineMs: 1_000 });
    await rig.advance(0);
    await block(rig, 60_000, () => {});
    expect(await rig.advanceUntil(stopped)).toMatchObject({ channels: { tick: { returned: 2, inFlight: 1 } } });
    expect(rig.clock.pending).toBe(0);
  });
});
