import { expect, it } from 'vitest';
import type { LogFrame } from '../../../src/cluster/broker.ts';
import { CellWatch } from '../../../src/cluster/cell-watch.ts';
import { encodeFrame } from '../../../src/cluster/frame.ts';
import { Lease } from '../../../src/cluster/lease.ts';
import { Stay } from '../../../src/cluster/stay.ts';
import { createSimulatedClock } from '../../../src/testing/simulated-clock.ts';

const room = { frames: 10, bytes: 1e6 };
const open = new AbortController().signal;

/** A stay whose reader answers at once, with one of these after the other. */
async function stayOn(answers: readonly (readonly LogFrame[])[]) {
  const clock = createSimulatedClock();
  let revision = 0;
  const cells = { read: async () => undefined, write: async () => ++revision };
  const watch = new CellWatch(cells, 'partition.0', clock, 1_000);
  const told = { onLost() {}, onKept() {} };
  const lease = new Lease(watch, clock, { member: 'a', leaseMs: 3_000, isMember: () => true, ...told });
  await lease.acquire();
  let reads = 0;
  const log = {
    ends: async () => ({ first: 1, last: 0, log: 'l', frame: undefined }),
    open: () => ({ read: async () => answers[reads++] ?? new Promise<never>(() => {}), close() {} }),
    last: async () => 0,
    trim: async () => {},
  };
  const parts = { partition: 0, partitions: 1, log, lease, clock, answerMs: 1_000, onReleased() {}, onWentBack() {} };
  return { stay: new Stay({ ...parts, onRead() {} }, watch.cell), clock };
}

it('a reader that comes back with nothing is asked again at once: its request may have ended while frames come', async () => {
  const frame = { position: 1, bytes: encodeFrame(['1'], 1), mark: { log: 'l', frame: '1' } };
  const { stay, clock } = await stayOn([[], [], [frame]]);
  const read = await Promise.race([stay.read(room, open), clock.advance(900).then(() => [])]);
  expect(read.map((each) => each.messages())).toEqual([[1]]);
});
