import type { Case } from '../case.ts';
import { loadGuarded, loadPeer } from '../contestants.ts';
import { mixedType } from '../message.ts';
import { perSecondMeasures } from '../report/measures.ts';
import { WINDOWS } from '../run.ts';
import { Feed } from '../supply.ts';
import { openWorkload, type Workload } from '../workload.ts';

const workload: Workload = { supply: () => new Feed(mixedType), batchSize: 100, isSync: false };

/** W1 itself, to compare with in the same turns. */
const CALM = 'sluice/no-failures';

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
    CALM,
  ],
  measures: perSecondMeasures,
  turns: WINDOWS,
  async open(contestant) {
    if (contestant === CALM) return openWorkload(workload, await loadPeer('sluice'));
    return openWorkload(workload, await loadGuarded(contestant), true);
  },
};
