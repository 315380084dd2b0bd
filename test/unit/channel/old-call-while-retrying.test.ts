import { expect, it } from 'vitest';
import { createTestRouter, fail, hold, messages } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';

it('the end of a call from before leaves the next attempt where it was announced', async () => {
  const limits = { batchSize: 2, retry: { attempts: 5, delayMs: 800, delayMsMax: 800 } };
  const breaker = { coolDownMs: 100, coolDownMsMax: 100 };
  const rig = await createTestRouter({ sinks: { tick: { ...limits, breaker, processTimeoutMs: 5_000 } } });
  const { router } = rig;
  const held = hold();
  rig.sink('tick').script.push(fail(), held);
  router.routeAll(messages('tick', 2));
  router.trip('tick');
  const smaller = { ...limits, processTimeoutMs: 5_000, batchSize: 1 };
  await rig.advanceUntil(router.reconfigure({ channels: { tick: { ...smaller, breaker } } }));
  await rig.advance(120);
  // The probe has one of the two; nobody waits for it any more.
  expect(rig.router.explain('tick')).toMatchObject({ state: 'probing', inFlight: 1, waiting: 1 });
  router.trip('tick');
  // Closes the breaker and ends no wait.
  const observing = { ...breaker, observeOnly: true };
  await rig.advanceUntil(router.reconfigure({ channels: { tick: { ...smaller, breaker: observing } } }));
  const { state, endsInMs } = router.explain('tick');
  expect(state).toBe('retrying');
  expect(endsInMs).toBeGreaterThan(100);
  held.succeed();
  await rig.advance(50);
  expect(router.explain('tick')).toMatchObject({ state: 'retrying', endsInMs: (endsInMs ?? 0) - 50 });
  await rig.advance(endsInMs ?? 0);
  expect(numbersOf(rig.sink('tick').delivered)).toEqual([0, 1]);
});
