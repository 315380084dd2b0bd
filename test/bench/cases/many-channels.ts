import { createRouter, ProcessingChannel } from 'sluice';
import type { Sample } from '../case.ts';
import { Check, seenBy, verdictOf } from '../check.ts';
import { nextTurn } from '../contestant.ts';
import { channelsOf } from '../contestants/sluice.ts';
import { messageOf } from '../message.ts';
import { heapInUse, peakMb } from '../own-process.ts';
import { asyncProcess } from '../workload.ts';

const EACH = 100;
/** Channels that get their messages between two turns of the event loop. */
const CHANNELS_PER_TURN = 10;

/** W5: creation and start, some messages for each channel, stop. */
export async function runChannels(count: number): Promise<Sample> {
  const checks = Array.from({ length: count }, () => new Check('T', EACH));
  const messages = Array.from({ length: EACH }, (_, n) => messageOf('T', n));
  const channels = checks.map((check, index) => ({ name: `c${index}`, process: asyncProcess(check) }));
  const options = channelsOf({ ProcessingChannel }, channels);
  const heapBefore = heapInUse();
  const startedAt = performance.now();
  const router = createRouter(options);
  await router.start();
  const startMs = performance.now() - startedAt;
  const heap = heapInUse() - heapBefore;
  const pushedAt = performance.now();
  for (const [index, { name }] of channels.entries()) {
    for (const message of messages)
      if (router.route(message, { dataType: name }).status !== 'accepted') throw new Error(`${name} took no message`);
    if (index % CHANNELS_PER_TURN === 0) await nextTurn();
  }
  while (seenBy(checks) < count * EACH && performance.now() < pushedAt + 20_000) await nextTurn();
  const pushMs = performance.now() - pushedAt;
  const mistake = verdictOf(checks, count * EACH);
  if (mistake !== undefined) throw new Error(mistake);
  const stoppedAt = performance.now();
  const report = await router.stop({ deadlineMs: 30_000 });
  const stopMs = performance.now() - stoppedAt;
  if (!report.conserved) throw new Error('the report of the stop does not account for every message');
  return {
    'start, µs each': (startMs / count) * 1_000,
    'heap, kB each': heap / count / 1_024,
    'messages/s': ((count * EACH) / pushMs) * 1_000,
    'stop, µs each': (stopMs / count) * 1_000,
    'peak MB': peakMb(),
  };
}
