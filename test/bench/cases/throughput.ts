import type { Case } from '../case.ts';
import { loadPeer } from '../contestants.ts';
import { mixedType } from '../message.ts';
import { perSecondMeasures } from '../report/measures.ts';
import { WINDOWS } from '../run.ts';
import { Feed, Pool } from '../supply.ts';
import { openWorkload, type Workload } from '../workload.ts';
import { openFloor } from './floor.ts';

/** Stays in the cache. */
const POOL_SMALL = 2_000;
const POOL_TRADES = 100_000;

/** Whom a user could take instead of sluice. */
export const throughputPeers = [
  'hand',
  'fastq',
  'fastq-promise',
  'p-queue',
  'writable',
  'writev',
  'effect',
  'effect-loop',
  'rxjs',
  'xstate',
];

/** Shows what a promise costs, in the same turns. */
const ASYNC = 'sluice/async';

const batched: Omit<Workload, 'supply'> = { batchSize: 100, isSync: false };

export const throughputCases: readonly Case[] = [
  throughputCase('W1', 'batch 100, three types 80/15/5, async handler; every message is made new, as a feed does', {
    ...batched,
    supply: () => new Feed(mixedType),
  }),
  throughputCase('W1h', 'as W1 over a small recycled pool, where memory hides nothing', {
    ...batched,
    supply: () => new Pool(POOL_SMALL, mixedType),
  }),
  throughputCase('W2', 'batch 1, one type, async handler; the bare loop does not await its calls', {
    supply: () => new Pool(POOL_TRADES, () => 'T'),
    batchSize: 1,
    isSync: false,
  }),
  throughputCase('W2s', 'batch 1, one type, sync handler', {
    supply: () => new Pool(POOL_TRADES, () => 'T'),
    batchSize: 1,
    isSync: true,
  }),
];

function throughputCase(name: string, title: string, workload: Workload): Case {
  return {
    name,
    title,
    baseline: 'bare',
    references: ['floor', 'bare'],
    contestants: ['floor', 'bare', ...throughputPeers, 'sluice', ...(workload.isSync ? [ASYNC] : [])],
    measures: perSecondMeasures,
    turns: WINDOWS,
    async open(contestant) {
      if (contestant === 'floor') return openFloor(workload);
      if (contestant === ASYNC) return openWorkload({ ...workload, isSync: false }, await loadPeer('sluice'));
      return openWorkload(workload, await loadPeer(contestant));
    },
  };
}
