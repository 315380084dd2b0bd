import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type Case, measure, ONCE, perSecond } from './case.ts';
import { loadGuarded, loadPeer } from './contestants.ts';
import { mixedType } from './message.ts';
import { rateMeasures, type Setting, YOUNG } from './rate-setting.ts';
import { Feed, poolOf } from './supply.ts';
import { asyncProcess, failingProcess, openWorkload, syncProcess, WINDOWS, type Workload } from './workload.ts';

const RECORDING = '../shared/data/sample/crypto-20240808.stock-style.ndjson.gz';

const peers = ['hand', 'fastq', 'p-queue', 'writable', 'effect', 'rxjs'];
const slowerStream = measure('slower stream, batches/s', 0, 'more');
const speed = [perSecond, measure('peak MB')];

const W1: Workload = { supply: () => new Feed(mixedType), batchSize: 100, processOf: asyncProcess };
/** So small that it stays in the cache. */
const W1h: Workload = { ...W1, supply: () => poolOf(2_000, mixedType) };
const W2: Workload = { supply: () => poolOf(100_000, () => 'T'), batchSize: 1, processOf: asyncProcess };

/** Every case, in the order in which they run. */
export const cases: readonly Case[] = [
  throughput('W1', 'batch 100, three types 80/15/5, async handler; every message is made new, as a feed does', W1),
  throughput('W1h', 'as W1 over a small recycled pool, where making messages hides nothing', W1h),
  throughput('W2', 'batch 1, one type, async handler; the bare loop does not await its calls', W2),
  throughput('W2s', 'batch 1, one type, sync handler', { ...W2, processOf: syncProcess }),
  {
    name: 'W3',
    title: 'W1 with retry and breaker while 1 % of the calls fail once; sluice-calm is W1 in the same turns',
    baseline: 'hand',
    contestants: ['hand+cockatiel', 'hand+opossum', ...peers, 'sluice', 'sluice-calm'],
    measures: speed,
    turns: WINDOWS,
    comparesBuilds: true,
    async open(contestant, against) {
      if (contestant === 'sluice-calm') return openWorkload(W1, await loadPeer('sluice'));
      return openWorkload({ ...W1, processOf: failingProcess }, await loadGuarded(contestant, against));
    },
  },
  {
    name: 'W4',
    title: 'a priority-1 message every ms beside two saturating streams whose batches spin 2 ms; due → process',
    baseline: 'ideal',
    contestants: ['ideal', ...peers, 'sluice'],
    measures: [measure('p50 ms', 2), measure('p99 ms', 2), measure('max ms', 1), slowerStream],
    turns: ONCE,
    comparesBuilds: true,
    async open(contestant, against) {
      const { runLatency } = await import('./cases/latency.ts');
      const open = await loadPeer(contestant, against);
      return { measure: () => runLatency(open) };
    },
  },
  {
    name: 'W5',
    title: '10,000 channels, and 1,000 to see what grows: creation and start, 100 messages each, stop; defaults',
    baseline: 'sluice',
    contestants: ['sluice', 'sluice-1000'],
    measures: [measure('start, µs each', 1), measure('heap, kB each', 2), measure('stop, µs each', 1), ...speed],
    turns: ONCE,
    roundsMax: 1,
    async open(contestant) {
      const { runChannels } = await import('./cases/many-channels.ts');
      return { measure: () => runChannels(contestant === 'sluice' ? 10_000 : 1_000) };
    },
  },
  {
    name: 'W6',
    title:
      'recorded trades, bars and fair values (58,994 lines), parsed, with the batches and windows that ship; sluice-zod checks each by a schema',
    baseline: 'parse',
    contestants: ['parse', 'sluice', 'sluice-zod'],
    measures: speed,
    turns: { warmUp: 10, counted: 10 },
    unavailable: () => (existsSync(RECORDING) ? undefined : `${RECORDING} is not there`),
    async open(contestant) {
      const { openParse, openRecorded } = await import('./cases/recorded.ts');
      return contestant === 'parse' ? openParse(RECORDING) : openRecorded(RECORDING, await loadPeer(contestant));
    },
  },
  atRates('R1', 'one channel of priority 1, batches of 1', { channels: 1, priority: 1, batchSize: 1, timeoutMs: 10 }),
  atRates('R2', 'one channel, batches of 100 within 100 ms', {
    channels: 1,
    priority: 2,
    batchSize: 100,
    timeoutMs: 100,
  }),
  atRates('R3', '1,000 channels that get messages in turn, batches of 100 within 20 ms', {
    channels: 1_000,
    priority: 2,
    batchSize: 100,
    timeoutMs: 20,
  }),
  frames('W9-1', 'text frames of one message, from the text to delivered; parse is JSON.parse of them alone', 1),
  frames('W9-10', 'as W9-1 with ten messages in a frame', 10),
  frames('W9-100', 'as W9-1 with a hundred messages in a frame', 100),
  frames('W9-ignored', 'as W9-1, but nine of ten messages are of a type that nobody wants', 1, 9),
  {
    name: 'W10',
    title: 'a million messages, one to each of 10,000 channels in turn, batch 100 within 100 ms',
    baseline: 'fastq',
    contestants: ['hand', 'fastq', 'writable', 'rxjs', 'sluice'],
    measures: [measure('seconds', 2), measure('calls'), measure('peak MB')],
    turns: ONCE,
    comparesBuilds: true,
    async open(contestant, against) {
      const { runDealt } = await import('./cases/dealt.ts');
      return { measure: () => runDealt(contestant, against) };
    },
  },
  {
    name: 'S1',
    title: 'the messages of W1h in frames of 100 from a source in memory, settled and committed; route takes the same',
    baseline: 'route',
    contestants: ['route', 'sluice'],
    measures: speed,
    turns: WINDOWS,
    open: async (contestant) => (await import('./cases/source.ts')).openFromSource(contestant),
  },
  writing('J1', 'journal.write in calls of 100 messages, 64 of them outstanding; texts as a feed sends them', 100, 64),
  writing('J2', 'journal.write one message a call, 10,000 calls outstanding', 1, 10_000),
  {
    name: 'J3',
    title: 'a journal of a million messages is opened and read to its end; parse is JSON.parse of the same lines',
    baseline: 'parse',
    contestants: ['parse', 'sluice', 'sluice-texts'],
    measures: speed,
    turns: { warmUp: 1, counted: 3 },
    open: async (contestant) => (await import('./cases/journal.ts')).openRecovery(contestant),
  },
  {
    name: 'J4',
    title: 'memory, file pages apart, from 1 GB to 5 GB in the journal of a router whose sink is down',
    baseline: 'sluice',
    contestants: ['sluice'],
    measures: [measure('growth, MB', 1), measure('GB unsettled', 2, 'more')],
    turns: { warmUp: 4, counted: 1 },
    roundsMax: 1,
    unavailable: noRoomForJournal,
    open: async () => (await import('./cases/journal-memory.ts')).openBehindDownSink(),
  },
];

/** One case for each kind of channel; `--only rates` chooses them all. */
function atRates(name: string, title: string, setting: Setting): Case {
  return {
    name,
    group: 'rates',
    title: `processor time of a message by rate, with the timer loop that sends it: ${title}`,
    baseline: 'hand',
    contestants: ['loop', 'hand', 'sluice'],
    measures: [...rateMeasures, YOUNG.measure].map((each) => measure(each, 1)),
    turns: ONCE,
    comparesBuilds: true,
    async open(contestant, against) {
      const { runRates } = await import('./cases/rates.ts');
      return { measure: () => runRates(setting, contestant, against) };
    },
  };
}

/** From the texts of a socket. A hand-written handler parses each, then pushes; `route` hands the messages to a router. */
function frames(name: string, title: string, perFrame: number, unwanted = 0): Case {
  return {
    name,
    title,
    baseline: 'parse',
    contestants: ['parse', 'hand', 'fastq', 'rxjs', 'route', 'sluice'],
    measures: speed,
    turns: WINDOWS,
    open: async (contestant) => (await import('./cases/frames.ts')).openFrames(contestant, { perFrame, unwanted }),
  };
}

/**
 * Beside a bare loop of `write` and `fdatasync` for the same bytes; fdatasync-texts makes them of the same texts, and
 * sluice-encoding makes the texts of objects.
 */
function writing(name: string, title: string, perCall: number, outstanding: number): Case {
  return {
    name,
    title,
    baseline: 'fdatasync',
    contestants: ['fdatasync', 'fdatasync-texts', 'sluice', 'sluice-encoding'],
    measures: speed,
    turns: { warmUp: 2, counted: 5 },
    open: async (contestant) => (await import('./cases/journal.ts')).openWriting(contestant, perCall, outstanding),
  };
}

function throughput(name: string, title: string, workload: Workload): Case {
  return {
    name,
    title,
    baseline: 'bare',
    contestants: ['bare', ...peers, 'sluice'],
    measures: speed,
    turns: WINDOWS,
    comparesBuilds: true,
    open: async (contestant, against) => openWorkload(workload, await loadPeer(contestant, against)),
  };
}

/** A journal of 5 GB, and as much again for others. */
function noRoomForJournal(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux tells the memory of a process from the file that it maps';
  const { bavail, bsize } = statfsSync(tmpdir());
  return bavail * bsize < 10e9 ? `${tmpdir()} has no room for it` : undefined;
}
