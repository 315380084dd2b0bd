import { expect, it } from 'vitest';
import { createTestRouter, hold, message } from '../../../src/testing/index.ts';

it('a channel that waits for the reload that replaces it says so, and promises no end of its own', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const held = hold();
  rig.sink('tick').script.push(held);
  rig.router.route(message('tick', 0));
  await rig.clock.settle();
  const reload = rig.router.reconfigure({ channels: { tick: { partitions: 2 } } });
  await rig.advance(100);
  expect(rig.router.explain('tick')).toMatchObject({
    state: 'paused',
    cause: 'a reload is replacing it',
    endsBy: 'a reload',
    endsInMs: null,
    sentence:
      'tick has been paused for 100 ms (a reload is replacing it). Its replacement takes over once the batch in flight is done. 0 waiting, 1 in flight.',
  });
  held.succeed();
  await rig.advanceUntil(reload);
  await rig.advance(100);
  expect(rig.router.explain('tick')).toMatchObject({ state: 'idle', endsBy: 'the next message' });
});
