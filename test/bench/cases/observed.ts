import type { Case } from '../case.ts';
import type { Open } from '../contestant.ts';
import { createLanesRouter, intakeOf } from '../contestants/sluice.ts';
import { mixedType } from '../message.ts';
import { perSecondMeasures } from '../report/measures.ts';
import { Feed } from '../supply.ts';
import { runWorkload } from '../workload.ts';

/** How each way of looking at a router changes W1. */
const observers: Readonly<Record<string, Open>> = {
  sluice: (lanes) => started(createLanesRouter(lanes)),
  'sluice/no-histograms': async (lanes) => {
    await switchHistogramsOff();
    return started(createLanesRouter(lanes));
  },
  'sluice/metrics-read': async (lanes) => {
    const router = createLanesRouter(lanes);
    setInterval(() => router.metrics(), 100).unref();
    return started(router);
  },
  'sluice/batch-listener': async (lanes) => {
    const router = createLanesRouter(lanes);
    const sizes = new Map<string, number>();
    router.events.on('batch.flushed', ({ channel, size }) => {
      sizes.set(channel, (sizes.get(channel) ?? 0) + size);
    });
    return started(router);
  },
  'sluice/every-event': async (lanes) => {
    const router = createLanesRouter(lanes);
    const counts = new Map<string, number>();
    router.events.on('*', (type) => {
      counts.set(type, (counts.get(type) ?? 0) + 1);
    });
    return started(router);
  },
  'sluice/inspector': async (lanes) => {
    const seen = new Map<string, number>();
    return started(
      createLanesRouter(lanes, {}, ({ type }) => {
        seen.set(type, (seen.get(type) ?? 0) + 1);
      }),
    );
  },
};

/** What it costs to be seen. */
export const observedCase: Case = {
  name: 'observed',
  title:
    'W1 of sluice alone, and with somebody who looks at it; metrics have no switch, so their histograms are taken out by hand',
  baseline: 'sluice',
  references: [],
  contestants: Object.keys(observers),
  measures: perSecondMeasures,
  run: async (contestant) => {
    const open = observers[contestant];
    if (open === undefined) throw new Error(`no observer '${contestant}'`);
    return runWorkload({ supply: () => new Feed(mixedType), batchSize: 100, isSync: false }, open);
  },
};

async function started(router: Parameters<typeof intakeOf>[0]) {
  await router.start();
  return intakeOf(router);
}

/** Nothing in sluice allows this: the method is replaced in the build that runs. */
async function switchHistogramsOff(): Promise<void> {
  const path = new URL('../../../dist/src/core/histogram.js', import.meta.url).href;
  const { Histogram } = await import(path);
  Histogram.prototype.record = () => {};
}
