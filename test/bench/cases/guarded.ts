import type { Case } from '../case.ts';
import { loadGuarded } from '../contestants.ts';
import { mixedType } from '../message.ts';
import { perSecondMeasures } from '../report/measures.ts';
import { Feed } from '../supply.ts';
import { runWorkload } from '../workload.ts';

/** W1 with retry and breaker on, while one call in a hundred fails once. */
export const guardedCase: Case = {
  name: 'W3',
  title:
    'W1 with retry and breaker; 1 % of the calls fail once. Without another name the guard of a peer is cockatiel’s',
  baseline: 'hand',
  references: ['hand'],
  contestants: [
    'hand',
    'hand+cockatiel',
    'hand+cockatiel-breaker',
    'hand+opossum',
    'fastq',
    'p-queue',
    'writable',
    'writev',
    'effect',
    'rxjs',
    'xstate',
    'sluice',
  ],
  measures: perSecondMeasures,
  run: async (contestant) =>
    runWorkload(
      { supply: () => new Feed(mixedType), batchSize: 100, isSync: false },
      await loadGuarded(contestant),
      true,
    ),
};
