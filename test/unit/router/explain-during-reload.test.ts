import { expect, it } from 'vitest';
import { heldCall } from '../../support/held-call.ts';
import { createRig, message } from '../../support/router-rig.ts';

it('a channel that waits for the reload that replaces it says so, and promises no end of its own', async () => {
  const rig = await createRig();
  const held = heldCall();
  rig.sink('tick').script.push(held.reaction);
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
  await rig.during(reload);
  await rig.advance(100);
  expect(rig.router.explain('tick')).toMatchObject({ state: 'idle', endsBy: 'the next message' });
});
