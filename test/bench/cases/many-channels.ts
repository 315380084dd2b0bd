import { createRouter, type DataChannelRouter } from 'sluice';
import { type Case, ONCE, type Sample } from '../case.ts';
import { nextTurn } from '../contestant.ts';
import { Sink } from '../contestants/sluice.ts';
import { type Message, messageOf } from '../message.ts';
import { millions, plain } from '../report/measures.ts';
import { heapInUse, peakMb } from '../run.ts';

const EACH = 100;
/** Channels that get their messages between two turns of the event loop. */
const CHANNELS_PER_TURN = 10;
const STALLED_MS = 20_000;

/** How cost grows with the number of channels. */
export const manyChannelsCase: Case = {
  name: 'W5',
  title: '10,000 channels, and fewer to see what grows: creation and start, 100 messages each, stop; defaults',
  baseline: 'sluice',
  references: [],
  roundsMax: 1,
  contestants: ['sluice/1000', 'sluice/3000', 'sluice'],
  measures: [
    plain('startUs', 'start, µs each', 1),
    plain('heapKb', 'heap, kB each', 2),
    { name: 'perSecond', title: 'messages/s', better: 'more', text: millions },
    plain('stopUs', 'stop, µs each', 1),
    plain('peakMb', 'peak MB'),
  ],
  turns: ONCE,
  open: async (contestant) => ({ measure: () => runChannels(Number(contestant.split('/')[1] ?? 10_000)) }),
};

async function runChannels(count: number): Promise<Sample> {
  const names = Array.from({ length: count }, (_, index) => `c${index}`);
  const seen = new Uint32Array(count);
  const channels = Object.fromEntries(names.map((name, index) => [name, () => sinkOf(seen, index)]));
  const heapBefore = heapInUse();
  const startedAt = performance.now();
  const config = { channels: Object.fromEntries(names.map((name) => [name, {}])) };
  const router = createRouter({ config, channels });
  await router.start();
  const startMs = performance.now() - startedAt;
  const heap = heapInUse() - heapBefore;
  const pushedAt = performance.now();
  await push(router, names);
  await delivered(seen);
  const pushMs = performance.now() - pushedAt;
  const stoppedAt = performance.now();
  const report = await router.stop({ deadlineMs: 30_000 });
  const stopMs = performance.now() - stoppedAt;
  if (!report.conserved) throw new Error('the report of the stop does not account for every message');
  return {
    startUs: (startMs / count) * 1_000,
    heapKb: heap / count / 1_024,
    perSecond: ((count * EACH) / pushMs) * 1_000,
    stopUs: (stopMs / count) * 1_000,
    peakMb: peakMb(),
  };
}

function sinkOf(seen: Uint32Array, index: number): Sink {
  return new Sink(async (batch) => {
    for (const { n } of batch) {
      const due = seen[index] ?? 0;
      if (n !== due) throw new Error(`channel c${index}: message ${n} came where ${due} was due`);
      seen[index] = due + 1;
    }
  });
}

async function push(router: DataChannelRouter, names: readonly string[]): Promise<void> {
  const messages: readonly Message[] = Array.from({ length: EACH }, (_, n) => messageOf('T', n));
  for (const [index, dataType] of names.entries()) {
    for (const message of messages) {
      if (router.route(message, { dataType }).status !== 'accepted') throw new Error(`${dataType} took no message`);
    }
    if (index % CHANNELS_PER_TURN === 0) await nextTurn();
  }
}

async function delivered(seen: Uint32Array): Promise<void> {
  const giveUpAt = performance.now() + STALLED_MS;
  for (let missing = missingIn(seen); missing > 0; missing = missingIn(seen)) {
    if (performance.now() > giveUpAt) throw new Error(`${missing} of ${seen.length * EACH} messages are missing`);
    await nextTurn();
  }
}

function missingIn(seen: Uint32Array): number {
  return seen.reduce((missing, count) => missing + EACH - count, 0);
}
