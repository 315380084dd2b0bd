import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { untilAborted } from '../../../src/adapters/until-aborted.ts';

/** Counts how often it is asked, and whether it was told to end. */
function watched(elements: Iterator<unknown>) {
  const source = { asked: 0, closed: 0 };
  const iterable: Iterable<unknown> = {
    [Symbol.iterator]: () => ({
      next() {
        source.asked += 1;
        return elements.next();
      },
      return() {
        source.closed += 1;
        return { done: true, value: undefined };
      },
    }),
  };
  return { source, iterable };
}

it('a source is not asked for another element once the signal has aborted, and is told to end', async () => {
  const controller = new AbortController();
  const { source, iterable } = watched([1, 2, 3].values());
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const element of untilAborted(iterable, controller.signal)) {
      seen.push(element);
      if (element === 2) controller.abort(new Error('enough'));
    }
  })();
  await expect(reading).rejects.toThrow('enough');
  expect([seen, source]).toEqual([[1, 2], { asked: 2, closed: 1 }]);
});

it('a source that comes to its end is not told to end, and leaves no listener on the signal', async () => {
  const { source, iterable } = watched([1, 2].values());
  const { signal } = new AbortController();
  const seen: unknown[] = [];
  for await (const element of untilAborted(iterable, signal)) seen.push(element);
  await Promise.resolve();
  expect([seen, source.closed, getEventListeners(signal, 'abort')]).toEqual([[1, 2], 0, []]);
});
