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

it('a timer of the host that fires a moment early does not leave a channel in `probing` for ever', async () => {
  const rig = await createTestRouter({ isStarted: false, sinks: { tick: {} } });
  const breaker = { coolDownMs: 101, coolDownMsMax: 101 };
  const logic = createRouterLogic({
    config: { channels: { tick: { capacity: 1, breaker } } },
    channels: { tick: rig.sink('tick').channel },
    clock: rig.clock,
    // The cool-down is jittered to 75.75 ms; Node's timers, which XState takes by default, know whole ones.
    random: () => 0.5,
  });
  const { clearTimeout, setTimeout } = rig.clock;
  const actor = createActor(logic, {
    clock: { clearTimeout, setTimeout: (callback, ms) => setTimeout(callback, Math.trunc(ms)) },
  });
  actor.start();
  const router = routerOf(actor);
  await rig.advanceUntil(router.start());
  router.trip('tick');
  router.route(message('tick', 1));
  await rig.clock.advance(200);
  expect(router.metrics().channels.tick).toMatchObject({ delivered: 1, buffered: 0 });
  await rig.advanceUntil(router.stop());
});
