import type { Action, Plan } from './plan.ts';
import { type RunResult, run } from './run.ts';

/** The smallest plan found that still breaks the same law, and what its run showed. */
export interface Shrunk {
  readonly plan: Plan;
  readonly result: RunResult;
  readonly runs: number;
}

const RUNS_MAX = 250;

/**
 * Leaves out actions while the same law stays broken: halves, then quarters, down to single ones.
 * Source: ddmin, Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002.
 */
export async function shrink(plan: Plan, failed: RunResult, runPlan: typeof run = run): Promise<Shrunk> {
  const law = failed.violations[0]?.law;
  let best: Shrunk = { plan, result: failed, runs: 0 };
  let runs = 0;
  for (let parts = 2; best.plan.actions.length > 0 && runs < RUNS_MAX; ) {
    const { actions } = best.plan;
    const size = Math.ceil(actions.length / parts);
    const smaller = await firstThat(withoutEach(actions, size), async (left) => {
      runs += 1;
      if (runs > RUNS_MAX) return undefined;
      const candidate = { ...plan, actions: left };
      const result = await runPlan(candidate);
      return result.violations.some((violation) => violation.law === law)
        ? { plan: candidate, result, runs }
        : undefined;
    });
    if (smaller !== undefined) {
      best = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(actions.length, parts * 2);
  }
  return { ...best, runs };
}

/** The actions without each of their parts of this size. */
function withoutEach(actions: readonly Action[], size: number): readonly (readonly Action[])[] {
  return Array.from({ length: Math.ceil(actions.length / size) }, (_, part) =>
    actions.filter((_action, index) => Math.floor(index / size) !== part),
  );
}

async function firstThat<Item, Found>(
  items: readonly Item[],
  find: (item: Item) => Promise<Found | undefined>,
): Promise<Found | undefined> {
  for (const item of items) {
    const found = await find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
