import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HotPathCounts } from '../bench/hot-path-counts.ts';
import type { RestBytes } from '../bench/rest-bytes.ts';
import { type Bundle, bundle } from '../support/bundle.ts';

/**
 * Counts, not times: what 100,000 messages of a flood may cost, and 1,000 that come three a second. A change that makes one
 * grow makes every message slower; one that makes it shrink may lower the budget. The counts are the same however busy the
 * machine is: V8 optimizes when a function is hot, not when its own thread finds time. What escape analysis saves depends on
 * the version: Node 20, 22 and 24 take for W1 33, 76 and 77 bytes, for W2 231, 285 and 276, for low 18,800, 19,700 and 20,100.
 */
const budgets = [
  { workload: 'W1', transitions: 0, timers: 20, bytesEach: budgetOfThisNode({ 20: 43, 22: 80, 24: 82 }) },
  { workload: 'W2', transitions: 0, timers: 8, bytesEach: budgetOfThisNode({ 20: 246, 22: 390, 24: 345 }) },
  { workload: 'low', transitions: 3_000, timers: 3_400, bytesEach: budgetOfThisNode({ 20: 20_000, 22: 21_500 }) },
];

/** That of the newest major version which is not newer than the one that runs. */
function budgetOfThisNode(byMajor: Readonly<Record<number, number>>): number {
  const running = Number(process.versions.node.split('.')[0]);
  const [, bytes] = Object.entries(byMajor).findLast(([major]) => Number(major) <= running) ?? [];
  if (bytes === undefined) throw new Error(`no budget for Node ${running}`);
  return bytes;
}

let program: Bundle;
let rest: Bundle;

beforeAll(() => {
  program = bundle('test/bench/hot-path-counts.ts');
  rest = bundle('test/bench/rest-bytes.ts');
});
afterAll(() => {
  program.remove();
  rest.remove();
});

it.each(budgets)(
  'R10.6 $workload causes $transitions transitions, sets at most $timers timers and allocates at most $bytesEach bytes a message',
  async ({ workload, transitions, timers, bytesEach }) => {
    const heap = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];
    const args = [...heap, '--no-concurrent-recompilation', program.path, workload];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const counts: HotPathCounts = JSON.parse(stdout);
    // Else the growth of the heap would not be what was allocated.
    expect(counts.collections).toBe(0);
    expect(counts.transitions).toBe(transitions);
    expect(counts.timers).toBeLessThanOrEqual(timers);
    expect(counts.allocated / counts.messages).toBeLessThanOrEqual(bytesEach);
  },
);

it('a channel takes at most 4.25 kB of the heap when it is made, and 2.45 kB more when it has started', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', rest.path]);
  const { made, started }: RestBytes = JSON.parse(stdout);
  expect(made).toBeLessThanOrEqual(4_250);
  expect(started).toBeLessThanOrEqual(2_450);
});
