import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { createRouterLogic, type DataChannelRouter, routerOf } from '../../../src/index.ts';
import { createTestRouter, hold, message, messages, type SimulatedClock } from '../../../src/testing/index.ts';

const DAY_MS = 86_400_000;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** The timers of Node: a wait that is too long is over after 1 ms. */
function likeNode({ setTimeout, ...clock }: SimulatedClock) {
  return {
    ...clock,
    setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms > TIMEOUT_MS_MAX ? 1 : ms),
  };
}

async function routers() {
  const rig = await createTestRouter({ isStarted: false, sinks: { tick: {} } });
  const clock = likeNode(rig.clock);
  const logic = createRouterLogic({ channels: { tick: rig.sink('tick').channel }, clock });
  const actor = createActor(logic, { clock });
  actor.start();
  const hosted = routerOf(actor);
  await rig.advanceUntil(hosted.start());
  return { rig, hosted };
}

describe('R2.4 a wait that is longer than a timer can be, in a hosted router too,', () => {
  it('is cut: a drain of 30 days hands nothing back at once', async () => {
    const { rig, hosted } = await routers();
    const call = hold();
    rig.sink('tick').script.push(call);
    hosted.routeAll(messages('tick', 3));
    const stopped = hosted.stop({ deadlineMs: 30 * DAY_MS });
    await rig.clock.advance(1_000);
    call.succeed();
    expect(await rig.advanceUntil(stopped)).toMatchObject({ channels: { tick: { delivered: 3, returned: 0 } } });
  });

  it('is cut: a breaker that is held open for 30 days, or for ever, makes no call', async () => {
    for (const coolDownMs of [30 * DAY_MS, Number.POSITIVE_INFINITY]) {
      const { rig, hosted } = await routers();
      hosted.trip('tick', { coolDownMs });
      hosted.route(message('tick', 0));
      await rig.clock.advance(60_000);
      expect(callsOf(hosted)).toBe(0);
    }
  });
});

function callsOf(router: DataChannelRouter): number | undefined {
  return router.metrics().channels.tick?.calls;
}
