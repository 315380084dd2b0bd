import type { Entrant } from '../case.ts';
import { nextTurn } from '../contestant.ts';
import { ownTime, peakMb, WINDOW_MS } from '../run.ts';
import { lanesFor, SLICES, type Workload } from '../workload.ts';

/** What remains when batching costs nothing: the messages, the handlers with their checks, the turns of the event loop. */
export async function openFloor(workload: Workload): Promise<Entrant> {
  const supply = workload.supply();
  const { lanes, checks } = lanesFor(workload, supply);
  const processes = new Map<string, (typeof lanes)[number]['process']>(
    lanes.map(({ type, process }) => [type, process]),
  );
  const run = async (budgetMs: number): Promise<number> => {
    const startedAt = ownTime();
    const end = performance.now() + budgetMs;
    let count = 0;
    while (performance.now() < end) {
      for (let left = SLICES; left > 0; left -= 1) {
        for (const batch of supply.nextBatches(workload.batchSize)) {
          processes
            .get(batch[0]?.ev ?? '')?.(batch)
            ?.catch(() => {});
          count += batch.length;
        }
        await nextTurn();
      }
    }
    return (count / (ownTime() - startedAt)) * 1_000;
  };
  return {
    measure: async () => ({ perSecond: await run(WINDOW_MS), refused: 0, peakMb: peakMb() }),
    async finish() {
      for (const check of checks) {
        const verdict = check.verdict(supply.taken(check.type));
        if (verdict !== undefined) throw new Error(verdict);
      }
    },
  };
}
