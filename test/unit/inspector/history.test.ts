import fc from 'fast-check';
import { expect, it } from 'vitest';
import { History } from '../../../src/inspector/page/history.ts';
import type { ChannelRow, Entry, Frame } from '../../../src/inspector/protocol.ts';

function frame(at: number, received = 0): Frame {
  const row = { name: 'tick', received, delivered: received, queueing: null, processing: null };
  // Of a frame the history reads its time and the counters.
  return { at, channels: [row as ChannelRow] } as unknown as Frame;
}

function entry(id: number, at: number, channel = 'tick'): Entry {
  return { id, at, channel, kind: 'state', text: `entry ${id}`, tone: 'plain', from: 'idle', to: `state-${id}` };
}

const rest = { operations: [], showPayloads: false, config: {} };

it('frames and entries come once and in order, whatever is told twice', () => {
  const told = fc.array(fc.record({ from: fc.nat(40), count: fc.nat(20), isHello: fc.boolean() }), { maxLength: 10 });
  fc.assert(
    fc.property(told, (parts) => {
      const history = new History();
      let sent = 0;
      for (const { from, count, isHello } of parts) {
        // A hello repeats what is known; a tick brings what is new.
        const first = isHello ? Math.min(from, sent) : sent;
        const numbers = Array.from({ length: count }, (_, index) => first + index + 1);
        const frames = numbers.map((n) => frame(n * 250));
        const entries = numbers.map((n) => entry(n, n * 250));
        if (isHello && numbers.length > 0 && (numbers.at(-1) ?? 0) >= sent) history.begin({ ...rest, frames, entries });
        else if (!isHello)
          for (const [index, each] of frames.entries())
            history.add({ frame: each, entries: entries.slice(index, index + 1) });
        else continue;
        sent = Math.max(sent, numbers.at(-1) ?? 0);
      }
      const ids = history.entries.map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
      const times = history.frames.map(({ at }) => at);
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    }),
  );
});

it('stays within its bounds', () => {
  const history = new History();
  for (let n = 1; n <= 5_000; n += 1) history.add({ frame: frame(n * 250), entries: [entry(n, n * 250)] });
  expect([history.frames.length, history.entries.length]).toEqual([1_200, 3_000]);
  expect(history.now).toBe(5_000 * 250);
});

it('shows at each moment the last frame before it, and none where nobody watched', () => {
  const history = new History();
  for (const at of [1_000, 1_250, 1_500, 60_000]) history.add({ frame: frame(at), entries: [] });
  expect([999, 1_000, 1_249, 1_250, 4_500, 4_501, 59_999, 60_000].map((at) => history.frameAt(at)?.at)).toEqual([
    undefined,
    1_000,
    1_000,
    1_250,
    1_500,
    undefined,
    undefined,
    60_000,
  ]);
});

it('a steady feed has its rate, at any moment once a second is known', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 5, max: 60 }), (perFrame, frames) => {
      const history = new History();
      for (let n = 0; n < frames; n += 1) history.add({ frame: frame(n * 250, n * perFrame), entries: [] });
      const rates = history.ratesAt('tick', history.now);
      expect(rates).toEqual({ received: perFrame * 4, delivered: perFrame * 4 });
    }),
  );
});

it('no rate is known of one frame alone, across a gap, or of a channel that was not there', () => {
  const history = new History();
  expect([history.now, history.ratesAt('tick', 0)]).toEqual([0, undefined]);
  history.add({ frame: frame(1_000), entries: [] });
  expect(history.ratesAt('tick', 1_000)).toBeUndefined();
  history.add({ frame: frame(5_000), entries: [] });
  expect(history.ratesAt('tick', 5_000)).toBeUndefined();
  for (const at of [5_250, 5_500, 5_750, 6_000]) history.add({ frame: frame(at, 8), entries: [] });
  expect(history.ratesAt('tick', 6_000)).toEqual({ received: 8, delivered: 8 });
  expect(history.ratesAt('tock', 6_000)).toBeUndefined();
});

it('times are the last median and the worst p99 of three seconds, of frames that measured something', () => {
  const history = new History();
  const measured = (at: number, p50Ms: number, p99Ms: number): Frame => {
    const plain = frame(at);
    return { ...plain, channels: plain.channels.map((row) => ({ ...row, queueing: { p50Ms, p99Ms } })) };
  };
  for (const each of [measured(1_000, 9, 900), measured(2_000, 2, 70), measured(3_000, 3, 20), frame(4_500)])
    history.add({ frame: each, entries: [] });
  expect(history.spreadAt('tick', 4_500, 'queueing')).toEqual({ p50Ms: 3, p99Ms: 70 });
  expect(history.spreadAt('tick', 4_500, 'processing')).toBeUndefined();
});

it('the configuration is the last that was told', () => {
  const history = new History();
  history.begin({ ...rest, frames: [], entries: [], config: { n: 1 } });
  history.add({ frame: frame(1), entries: [] });
  expect(history.config).toEqual({ n: 1 });
  history.add({ frame: frame(2), entries: [], config: { n: 2 } });
  expect(history.config).toEqual({ n: 2 });
});

it('a router that began anew replaces what was known of the old one', () => {
  const history = new History();
  history.begin({ ...rest, frames: [], entries: [entry(1, 1), entry(50, 2)] });
  history.begin({ ...rest, frames: [], entries: [entry(1, 9)] });
  expect(history.entries.map(({ at }) => at)).toEqual([9]);
  history.begin({ ...rest, frames: [], entries: [] });
  expect(history.entries).toEqual([]);
});

it('the last transition of a channel is that of any of its partitions, and of no other channel', () => {
  const history = new History();
  const entries = [entry(1, 10, 'tick/0'), entry(2, 20, 'tick/1'), entry(3, 30, 'tick-2'), entry(4, 40, 'ticker')];
  history.begin({ ...rest, frames: [], entries });
  expect([9, 15, 100].map((at) => history.lastTransition('tick', at)?.id)).toEqual([undefined, 1, 2]);
});
