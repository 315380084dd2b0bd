import { throughputPeers } from './cases/throughput.ts';
import { ratioOf, type Standing } from './standing.ts';
import type { Outcome } from './tournament.ts';

/** One promise on speed, and what was measured; undefined: its cases did not run. */
export interface Target {
  readonly cases: string;
  readonly promise: string;
  readonly measured: string;
  readonly isMet: boolean;
}

const batching = ['writable', 'effect', 'rxjs', 'xstate'];
const guarded = ['hand+cockatiel', 'hand+opossum'];

type Find = (caseName: string, contestant: string) => Standing | undefined;

/** Whatever is measured in turns is compared within a turn. */
export function targetsOf(outcomes: readonly Outcome[]): readonly Target[] {
  const find: Find = (caseName, contestant) =>
    outcomes
      .find(({ heat }) => heat.case.name === caseName)
      ?.standings.find((standing) => standing.contestant === contestant);
  const value = (caseName: string, contestant: string, measure: string): number =>
    find(caseName, contestant)?.medians[measure] ?? Number.NaN;
  const ratio = (caseName: string, contestant = 'sluice'): number => find(caseName, contestant)?.ratio ?? Number.NaN;
  const over = (caseName: string, second: string, measure = 'perSecond'): number =>
    ratioOf(find(caseName, 'sluice'), find(caseName, second), measure);
  const overAll = (caseName: string, peers: readonly string[]): number =>
    Math.min(...peers.map((peer) => over(caseName, peer)));
  const costOf = (observer: string): number => 1 - value('observed', `sluice/${observer}`, 'share');
  const startGrowth = value('W5', 'sluice', 'startUs') / value('W5', 'sluice/1000', 'startUs');
  const stopGrowth = value('W5', 'sluice', 'stopUs') / value('W5', 'sluice/1000', 'stopUs');
  return [
    atLeast('W1', '≥ 0.8 of the bare loop', ratio('W1'), 0.8),
    atLeast('W1h', '≥ 0.8 of the bare loop', ratio('W1h'), 0.8),
    atMost('W1', '≤ 30 ns a message above the floor', find('W1', 'sluice')?.nsAboveFloor, 30),
    atMost('W1h', '≤ 30 ns a message above the floor', find('W1h', 'sluice')?.nsAboveFloor, 30),
    ...['W1', 'W1h'].flatMap((name) => [
      atLeast(name, 'ahead of every peer that batches by size and time itself', overAll(name, batching), 1),
      atLeast(name, 'level with fastq and the hand-written batcher: ≥ 0.95', overAll(name, ['fastq', 'hand']), 0.95),
    ]),
    atLeast('W2', '≥ 0.45 of the bare loop', ratio('W2'), 0.45),
    atLeast('W2', 'ahead of the hand-written batcher', over('W2', 'hand'), 1),
    atLeast('W2', 'ahead of every peer', overAll('W2', throughputPeers), 1),
    atLeast('W2s', '≥ 0.9 of the bare loop', ratio('W2s'), 0.9),
    atLeast('W3', '≥ 0.85 of W1', over('W3', 'sluice/no-failures'), 0.85),
    atLeast('W3', '≥ 1.5 × the batcher guarded by cockatiel or opossum', overAll('W3', guarded), 1.5),
    atMost('W4', 'p50 ≤ 1.2 × the ideal scheduler', over('W4', 'ideal', 'p50Ms'), 1.2),
    atMost('W4', 'p99 ≤ 1.2 × the ideal scheduler', over('W4', 'ideal', 'p99Ms'), 1.2),
    atMost('W5', 'start of 10,000 channels ≤ 1.5 × that of 1,000, each', startGrowth, 1.5),
    atMost('W5', 'stop of 10,000 channels ≤ 1.5 × that of 1,000, each', stopGrowth, 1.5),
    atMost('W5', '≤ 6 kB heap each', value('W5', 'sluice', 'heapKb'), 6),
    atLeast('W6', '≥ 5 × JSON.parse of the lines', ratio('W6'), 5),
    atMost(
      'W7',
      'p99 of priority 1 ≤ 2 × the burst of the bare loop',
      value('W7', 'sluice', 'p99Ms') / value('W7', 'bare', 'burstMs'),
      2,
    ),
    atMost('W8', 'no timers', value('W8', 'sluice', 'timers'), 0),
    atMost('W8', 'no wake-ups', value('W8', 'sluice', 'wakeUps'), 0),
    atMost('W8', 'no growth', value('W8', 'sluice', 'growthKb'), 0),
    atMost('observed', 'metrics cost ≤ 10 %', ratio('observed', 'sluice/no-histograms') - 1, 0.1),
    atMost('observed', 'a listener per batch costs ≤ 10 %', costOf('batch-listener'), 0.1),
    atMost('observed', 'an inspector costs ≤ 2 %', costOf('inspector'), 0.02),
  ];
}

function atLeast(cases: string, promise: string, measured: number | undefined, limit: number): Target {
  return target(cases, promise, measured, (value) => value >= limit);
}

function atMost(cases: string, promise: string, measured: number | undefined, limit: number): Target {
  return target(cases, promise, measured, (value) => value <= limit);
}

function target(cases: string, promise: string, measured = Number.NaN, isMet: (value: number) => boolean): Target {
  const isKnown = Number.isFinite(measured);
  return {
    cases,
    promise,
    measured: isKnown ? String(Number(measured.toPrecision(3))) : 'not measured',
    isMet: isKnown && isMet(measured),
  };
}
