import { expect, it } from 'vitest';
import type { CellEntry, Cells } from '../../../src/cluster/broker.ts';
import { CellWatch, FREE_CELL } from '../../../src/cluster/cell-watch.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

/** A cell whose reads are answered by the test. */
function cellWatch() {
  const clock = createSimulatedClock();
  const answers: ((entry: CellEntry | undefined) => void)[] = [];
  const cells: Cells = {
    read: () => new Promise((resolve) => void answers.push(resolve)),
    write: async (_key, _value, revision) => revision + 1,
  };
  return { watch: new CellWatch(cells, 'partition.0', clock, 1_000), answers };
}

it('what was read before a write of our own and is answered after it changes nothing', async () => {
  const { watch, answers } = cellWatch();
  const looking = watch.look();
  await watch.write({ ...FREE_CELL, owner: 'a', epoch: 1 });
  answers[0]?.(undefined);
  await looking;
  expect(watch.cell.epoch).toBe(1);
});

it('a cell that went back while nothing else was heard of it is taken as it is', async () => {
  const { watch, answers } = cellWatch();
  await watch.write({ ...FREE_CELL, owner: 'a', epoch: 1 });
  const looking = watch.look();
  answers[0]?.(undefined);
  await looking;
  expect(watch.cell.epoch).toBe(0);
});
