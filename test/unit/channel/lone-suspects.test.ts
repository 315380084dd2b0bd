import { expect, it } from 'vitest';
import { createTestRouter, message } from '../../../src/testing/index.ts';
import { numbersOf } from '../../support/numbers.ts';

it('a message is not given up because of one behind it that no attempt can help: it is tried again', async () => {
  const rig = await createTestRouter({ sinks: { tick: { batchSize: 1, retry: { attempts: 2 } } } });
  let isDown = true;
  rig.sink('tick').otherwise = ({ batch }) => {
    if (batch[0]?.n === 1) throw { retryable: false };
    if (isDown) throw new Error('sink failed');
  };
  rig.router.pause('tick');
  for (const n of [0, 1]) rig.router.route(message('tick', n));
  rig.router.resume('tick');
  await rig.advance(2_000);
  // Two attempts, then the other one; nothing else comes that could show who is at fault, so it goes on being tried.
  expect(rig.metrics('tick')).toMatchObject({ buffered: 1, deadLetteredBy: { 'not-retryable': 1 } });
  const { calls } = rig.metrics('tick');
  await rig.advance(60_000);
  expect(rig.metrics('tick').calls).toBeGreaterThan(calls);
  isDown = false;
  await rig.advance(600_000);
  expect(numbersOf(rig.sink('tick').delivered)).toEqual([0]);
  expect(rig.metrics('tick').deadLettered).toBe(1);
});
