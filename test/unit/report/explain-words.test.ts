import { expect, it } from 'vitest';
import { createTestRouter, messages, slow } from '../../../src/testing/index.ts';

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_000, '1.0 s'],
  [119_900, '119.9 s'],
  [120_000, '2 min'],
  [7_199_000, '120 min'],
  [7_200_000, '2 h'],
  [86_400_000, '24 h'],
])('R5.4 a state that has lasted %i ms is said to last %s', async (ms, words) => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  rig.router.pause('tick');
  await rig.advance(ms);
  expect(rig.router.explain('tick')).toMatchObject({
    sinceMs: ms,
    sentence: expect.stringContaining(`tick has been paused for ${words} (an operator`),
  });
});

it('R5.4 R10.4 of a breaker that opened because calls were slow the sentence gives their share', async () => {
  const breaker = { window: { count: 4 }, minimumCalls: 4, slowCallMs: 100, slowCallRate: 0.5 };
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 1, breaker } } });
  rig.sink('tick').script.push(slow(10), slow(10), slow(150), slow(150));
  rig.router.routeAll(messages('tick', 4));
  await rig.advance(1_000);
  expect(rig.router.explain('tick')).toMatchObject({
    state: 'tripped',
    sentence: expect.stringContaining('(the breaker opened: of the last 4 calls 50 % were slow)'),
  });
});
