import { describe, expect, it } from 'vitest';
import { firstViolation, plantedBugs, SEEDS_PLANTED } from './planted-bugs.ts';
import { planOf, run } from './runnable.ts';

describe('the laws of the simulation', () => {
  it.each(plantedBugs)('find a planted bug: $name', async (bug) => {
    const found = await firstViolation(bug, SEEDS_PLANTED, bug.from);
    expect(found?.violations[0]).toBeDefined();
    // It is the bug that breaks the law: without it the same seed breaks none.
    if (found !== undefined) expect((await run(planOf(found.seed))).violations).toEqual([]);
  });
});
