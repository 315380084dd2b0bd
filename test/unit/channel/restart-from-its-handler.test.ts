import { expect, it } from 'vitest';
import { createTestRouter, messages } from '../../../src/testing/index.ts';

it.each([
  ['a promise', Promise.resolve()],
  ['nothing', undefined],
] as const)(
  'a handler that restarts its own channel and then returns %s: its batch comes again, what it did is late',
  async (_name, result) => {
    const rig = await createTestRouter({ sinks: { tick: { batchSize: 3 } } });
    rig.sink('tick').script.push(() => {
      rig.router.restart('tick');
      return result;
    });
    rig.router.routeAll(messages('tick', 3));
    await rig.advance(60_000);
    expect(rig.sink('tick').calls.map(({ attempt, batch }) => [attempt, batch.length])).toEqual([
      [1, 3],
      [2, 3],
    ]);
    // The watch over the call that is over would have ended the life that follows.
    expect(rig.metrics('tick')).toMatchObject({ delivered: 3, inFlight: 0, late: 1, restarts: 1, state: 'idle' });
    expect(rig.clock.pending).toBe(0);
  },
);
