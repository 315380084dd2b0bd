import { expect, it } from 'vitest';
import { fail, hang, hold, type Reaction, succeed } from '../../../src/testing/index.ts';
import { sourceRig } from './source-rig.ts';

type Rig = Awaited<ReturnType<typeof sourceRig>>;
type Numbered = { readonly n: number };

const FRAMES = 6;
const breaker = { minimumCalls: 2, coolDownMs: 1_000 };
/** The third message keeps its batch from being delivered until the sink is well again. */
const suspicious: Reaction = ({ batch }) => {
  if ((batch as readonly Numbered[]).some(({ n }) => n === 2)) throw new Error('a message that is refused');
};

/** How the channel comes into each of its states with messages of the partition in it. */
const ways: readonly (readonly [state: string, sink: object, reach: (rig: Rig) => unknown])[] = [
  ['buffering', { batchSize: 100, timeoutMs: 60_000 }, () => {}],
  ['flushing', {}, ({ sink }) => void sink.script.push(hold())],
  ['retrying', { breaker: false, retry: { attempts: 20, delayMs: 5_000 } }, failAll],
  ['isolating', { batchSize: 4, breaker: false, retry: { attempts: 1, delayMs: 1 } }, holdWhenAlone],
  ['tripped', { breaker }, failAll],
  ['probing', { breaker }, failThenHang],
  ['paused', {}, ({ test }) => void test.router.pause('ohlcv')],
  ['flushing', { capacity: 2 }, hangAll],
];

function failAll({ sink }: Rig): void {
  sink.otherwise = fail();
}

function hangAll({ sink }: Rig): void {
  sink.otherwise = hang();
}

function holdWhenAlone({ sink }: Rig): void {
  sink.otherwise = (call) => (call.batch.length === 1 ? new Promise(() => {}) : suspicious(call));
}

function failThenHang({ sink }: Rig): void {
  let calls = 0;
  sink.otherwise = () => {
    calls += 1;
    if (calls <= 2) throw new Error('the sink is down');
    return new Promise(() => {});
  };
}

const both = (['revoked', 'lost'] as const).flatMap((end) => ways.map((way) => [end, ...way] as const));

it.each(both)(
  'a partition that is %s while its channel is %s (%j), and is assigned again at once, skips nothing and keeps its order',
  async (end, state, sink, reach) => {
    const rig = await sourceRig({ sinks: { ohlcv: { batchSize: 2, timeoutMs: 10, ...sink } } });
    reach(rig);
    rig.append(FRAMES);
    await rig.test.advance(3_000);
    expect(rig.test.router.channels.get('ohlcv')?.state).toBe(state);
    if (end === 'revoked') {
      const revoked = rig.source.revoke(0, 500);
      await rig.test.advance(500);
      await revoked;
    } else rig.source.lose(0);
    rig.source.assign(0);
    await rig.test.advance(100);
    rig.sink.otherwise = succeed();
    if (state === 'paused') rig.test.router.resume('ohlcv');
    await rig.test.advance(600_000);
    const delivered = (rig.sink.delivered as readonly Numbered[]).map(({ n }) => n);
    const all = Array.from({ length: 2 * FRAMES }, (_, n) => n);
    expect([...new Set(delivered)].sort((a, b) => a - b)).toEqual(all);
    // Of what came twice the later one is of the present stay.
    const lasts = all.map((n) => delivered.lastIndexOf(n));
    expect(lasts).toEqual(lasts.toSorted((a, b) => a - b));
    expect(rig.source.committed()).toBe(FRAMES);
    expect(rig.test.router.metrics().conserved).toBe(true);
  },
);
