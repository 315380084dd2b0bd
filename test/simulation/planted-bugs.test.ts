import { describe, expect, it } from 'vitest';
import { firstViolation, plantedBugs, SEEDS_PLANTED } from './planted-bugs.ts';

describe('the laws of the simulation', () => {
  it.each(plantedBugs)('find a planted bug: $name', async (bug) => {
    expect((await firstViolation(bug, SEEDS_PLANTED, bug.from))?.violations[0]).toBeDefined();
  });
});
