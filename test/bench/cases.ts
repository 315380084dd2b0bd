import type { Case } from './case.ts';
import { burstCase } from './cases/burst.ts';
import { curvesCase } from './cases/curves.ts';
import { guardedCase } from './cases/guarded.ts';
import { idleHourCase } from './cases/idle-hour.ts';
import { latencyCase } from './cases/latency.ts';
import { manyChannelsCase } from './cases/many-channels.ts';
import { observedCase } from './cases/observed.ts';
import { recordedCase } from './cases/recorded.ts';
import { throughputCases } from './cases/throughput.ts';
import { transitionCase } from './cases/transition.ts';

/** Every case, in the order in which they run. */
export const cases: readonly Case[] = [
  ...throughputCases,
  guardedCase,
  latencyCase,
  manyChannelsCase,
  recordedCase,
  burstCase,
  idleHourCase,
  observedCase,
  transitionCase,
  curvesCase,
];
