import { expect, it } from 'vitest';
import { createTestRouter, failWhen, message, messages } from '../../../src/testing/index.ts';
import { numbers, numbersOf } from '../../support/numbers.ts';

it.each([1, 2, 3])(
  '%i poison messages that came when nothing else did are given up as soon as others come',
  async (count) => {
    const rig = await createTestRouter({ sinks: { tick: {} } });
    rig.sink('tick').otherwise = failWhen(({ n }) => n < count);
    rig.router.routeAll(messages('tick', count));
    await rig.advance(600_000);
    expect(rig.metrics('tick')).toMatchObject({ buffered: count, deadLettered: 0 });
    for (let n = count; n < 100; n += 1) {
      rig.router.route(message('tick', n));
      await rig.advance(1_000);
    }
    await rig.advance(600_000);
    expect(rig.metrics('tick').deadLetteredBy).toEqual({ poison: count });
    expect(numbersOf(rig.sink('tick').delivered)).toEqual(numbers(100 - count, count));
  },
);
