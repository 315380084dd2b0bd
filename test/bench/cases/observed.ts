import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { createInspector } from '../../../src/inspector/index.ts';
import type { Case, Entrant, Sample } from '../case.ts';
import type { Open } from '../contestant.ts';
import { createLanesRouter, intakeOf } from '../contestants/sluice.ts';
import { mixedType } from '../message.ts';
import { perSecondMeasures, plain } from '../report/measures.ts';
import { WINDOWS } from '../run.ts';
import { Feed } from '../supply.ts';
import { openWorkload, type Workload } from '../workload.ts';

const unobserved: Open = (lanes) => started(createLanesRouter(lanes));
const NO_HISTOGRAMS = 'sluice/no-histograms';

/** How each way of looking at a router changes W1. */
const observers: Readonly<Record<string, Open>> = {
  sluice: unobserved,
  [NO_HISTOGRAMS]: async (lanes) => {
    await switchHistogramsOff();
    return unobserved(lanes);
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
  'sluice/page-closed': async (lanes) => {
    const router = createLanesRouter(lanes);
    await showPage(router);
    return started(router);
  },
  'sluice/page-open': async (lanes) => {
    const router = createLanesRouter(lanes);
    const { url } = await showPage(router);
    const intake = await started(router);
    await readFromAnotherProcess(`${url}live`);
    return intake;
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

const workload: Workload = { supply: () => new Feed(mixedType), batchSize: 100, isSync: false };

/** What it costs to be seen. */
export const observedCase: Case = {
  name: 'observed',
  title:
    'W1 of sluice, looked at, and in turns with it another router in the same process that nobody looks at; metrics have no switch, so for a whole process their histograms are taken out by hand',
  baseline: 'sluice',
  references: [],
  contestants: Object.keys(observers),
  measures: [...perSecondMeasures, plain('share', '× unobserved', 2), plain('nsMore', 'ns more', 1)],
  // Of five windows each.
  turns: { warmUp: WINDOWS.warmUp / 4, counted: WINDOWS.counted / 2 },
  open: async (contestant) => {
    const open = observers[contestant];
    if (open === undefined) throw new Error(`no observer '${contestant}'`);
    return besideUnobserved(await openWorkload(workload, open), contestant !== NO_HISTOGRAMS);
  },
};

/** Two processes of one program differ by more than it costs to be seen; two routers in one process do not. */
async function besideUnobserved(observed: Entrant, isCompared: boolean): Promise<Entrant> {
  const alone = await openWorkload(workload, unobserved);
  return {
    async measure() {
      // The first window after others ran is slower.
      await alone.measure();
      const before = await alone.measure();
      const [first, second] = [await observed.measure(), await observed.measure()];
      const after = await alone.measure();
      const perSecond = meanOf(first, second);
      const perSecondAlone = meanOf(before, after);
      const compared = { share: perSecond / perSecondAlone, nsMore: 1e9 / perSecond - 1e9 / perSecondAlone };
      return { ...second, perSecond, ...(isCompared && compared) };
    },
    async finish() {
      await alone.finish?.();
      await observed.finish?.();
    },
  };
}

function meanOf(...samples: readonly Sample[]): number {
  return samples.reduce((sum, { perSecond = Number.NaN }) => sum + perSecond, 0) / samples.length;
}

async function started(router: Parameters<typeof intakeOf>[0]) {
  await router.start();
  return intakeOf(router);
}

/** The page of the build that runs. */
async function showPage(router: Parameters<typeof createInspector>[0]) {
  const path = new URL('../../../dist/src/inspector/index.js', import.meta.url).href;
  const inspector: typeof import('../../../src/inspector/index.ts') = await import(path);
  return inspector.createInspector(router);
}

/** A browser reads in a process of its own, and so does this; it ends with this one. */
async function readFromAnotherProcess(url: string): Promise<void> {
  const code = `require('node:http').get(process.argv[1], (answer) => answer.once('data', () => process.send('reads')).resume());
    process.on('disconnect', () => process.exit())`;
  const reader = spawn(process.execPath, ['-e', code, url], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(reader, 'message');
  reader.unref();
  reader.channel?.unref();
}

/** Nothing in sluice allows this: the method is replaced in the build that runs. */
async function switchHistogramsOff(): Promise<void> {
  const path = new URL('../../../dist/src/observe/histogram.js', import.meta.url).href;
  const { Histogram } = await import(path);
  Histogram.prototype.record = () => {};
}
