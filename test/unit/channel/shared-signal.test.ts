import { expect, it } from 'vitest';
import { createTestRouter, message, messages } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';

it('many offers may wait with one signal: Node warns of nothing, and an abort takes all of them back', async () => {
  const warnings: string[] = [];
  const warned = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', warned);
  try {
    const rig = await createTestRouter({ sinks: { tick: { batchSize: 1, capacity: 1 } } });
    const { router } = rig;
    router.pause();
    router.route(message('tick', 0));
    const { signal, abort } = (() => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: (why: Error) => controller.abort(why) };
    })();
    const offers = messages('tick', 30, 1).map((each) => router.offer(each, { signal }));
    await rig.clock.settle();
    // Node says it in a later turn.
    await new Promise<void>((resolve) => void setImmediate(resolve));
    expect(warnings).toEqual([]);
    abort(new Error('no patience left'));
    const outcomes = await Promise.allSettled(offers);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(30);
    router.resume();
    await rig.advance(1_000);
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(1));
  } finally {
    process.off('warning', warned);
  }
});
