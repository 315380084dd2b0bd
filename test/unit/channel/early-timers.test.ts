import { expect, it } from 'vitest';
import { createActor } from 'xstate';
import { createRouterLogic, routerOf } from '../../../src/index.ts';
import { createTestRouter, message } from '../../../src/testing/index.ts';

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
