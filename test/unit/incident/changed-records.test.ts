import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Incident, parseIncident, type Step } from '../../../src/cli/incident-file.ts';
import { rerun } from '../../../src/cli/rerun.ts';
import { Rerun, type RerunReport } from '../../../src/cli/rerun-router.ts';
import { type BatchContext, type LifeContext, ProcessingChannel } from '../../../src/index.ts';
import { createRig, message, type RouterRig } from '../../support/router-rig.ts';

interface Trade {
  readonly n: number;
  readonly isOdd?: boolean;
}

/** Does each thing that a channel can do, as its messages say. */
class Versatile extends ProcessingChannel<Trade, string> {
  readonly #rig: RouterRig;

  constructor(rig: RouterRig | undefined) {
    super();
    if (rig === undefined) throw new Error('too early');
    this.#rig = rig;
  }

  override validate(trade: Trade): Trade {
    if (trade.isOdd) throw new TypeError('odd');
    return trade.n === 2 ? { n: 2 } : trade;
  }

  override warmUp(context: LifeContext<string>): void {
    context.emit('warm');
  }

  override process([first]: readonly Trade[], context: BatchContext<string>): void | Promise<void> {
    context.emit('begun');
    if (first?.n === 3) context.fail(0, { retryable: false });
    if (first?.n === 4 && context.attempt === 1) throw 'a text';
    if (first?.n === 5) return new Promise((resolve) => void this.#rig.clock.setTimeout(resolve, 30));
    // Longer than a slice: who consumes lets the event loop have its turn.
    if (first?.n === 6) this.#rig.clock.jump(50);
  }

  override close(): void {}
}

/** A rule that fails at some messages, and says of others where they go. */
function opinion(message: unknown): string {
  if (typeof message !== 'object') throw new Error('strange');
  return 'tick';
}

async function parsed(rig: RouterRig): Promise<Incident> {
  return parseIncident(await readFile(await rig.router.writeIncident(), 'utf8'));
}

/** A run in which everything happens that a file can hold. */
async function recordAll(directory: string): Promise<Incident> {
  let rig: RouterRig | undefined;
  rig = await createRig({
    channels: { tick: { batchSize: 1, capacity: 2, breaker: false } },
    // The first instance is made before there is a rig.
    classes: { tick: () => new Versatile(rig) },
    recognise: [opinion],
    recordIncident: { last: 100_000, directory, filesMax: 0 },
  });
  const { router } = rig;
  await rig.advance(1_000);
  for (const trade of [{ n: 1 }, { n: 2 }, { n: 9, isOdd: true }, 'strange']) router.route(trade);
  await rig.advance(100);
  expect(() => router.trip('tick')).toThrow('has no breaker');
  for (const n of [3, 4]) {
    router.route({ n });
    await rig.advance(5_000);
  }
  const withdrawal = new AbortController();
  router.route({ n: 5 });
  const options = { signal: withdrawal.signal, dataType: 'tick' };
  const offers = [1, 1, 1, 1].map((n) => router.offer({ n }, options).catch(() => {}));
  withdrawal.abort();
  await rig.advance(100);
  await Promise.all(offers);
  await rig.during(router.consume([{ n: 6 }, { n: 1 }, { n: 6 }]));
  router.deadLetters.drop();
  await rig.stop();
  return parsed(rig);
}

let directory: string;
let incident: Incident;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-changed-'));
  incident = await recordAll(directory);
});
afterAll(() => rm(directory, { recursive: true }));

async function again({ steps = incident.steps, ...rest }: Partial<Incident> = {}): Promise<RerunReport> {
  const { start } = incident.header;
  if (start === null) throw new Error('it has a beginning');
  return rerun({ ...incident, ...rest, steps }, start);
}

/** Where a record stands. */
function placeOf(isMeant: (step: Step) => boolean): number {
  const place = incident.steps.findIndex(isMeant);
  expect(place, 'it is in the file').not.toBe(-1);
  return place;
}

it('a run in which everything happens comes out the same', async () => {
  expect((await again()).difference).toBeUndefined();
});

describe('a record that is left out is told where it is missed', () => {
  const left: readonly (readonly [string, (step: Step) => boolean, string])[] = [
    ['make', ({ is }) => is === 'make', 'an instance of tick is made'],
    ['now, while the router is made', ({ is }) => is === 'now', 'the router is being made'],
    ['call', ({ is }) => is === 'call', 'nothing happens'],
    [
      'fact',
      ({ is }) => is === 'fact',
      '{"is":"fact","type":"channel.entered","channel":"tick","from":"new","to":"failed"',
    ],
    ['timer', (step) => step.is === 'timer' && step.ms !== undefined, 'a timer of 100 ms is armed'],
    ['timer without ms', (step) => step.is === 'timer' && step.ms === undefined, 'an immediate is armed'],
    ['route', ({ is }) => is === 'route', 'nothing happens'],
    ['rule', ({ is }) => is === 'rule', 'rule 0 is asked'],
    ['wall', ({ is }) => is === 'wall', 'the date is read'],
    ['fire', ({ is }) => is === 'fire', 'nothing happens'],
    ['warmUp', ({ is }) => is === 'warmUp', 'warmUp of tick is called'],
    ['return', ({ is }) => is === 'return', 'call 1 goes on'],
    ['validate', ({ is }) => is === 'validate', 'tick checks a message'],
    ['process', ({ is }) => is === 'process', 'process of tick gets 1 messages, attempt 1'],
    ['fail', ({ is }) => is === 'fail', '{"is":"fact","type":"batch.flushed"'],
    ['random', ({ is }) => is === 'random', 'chance is asked'],
    ['offer', ({ is }) => is === 'offer', 'nothing happens'],
    ['withdraw', ({ is }) => is === 'withdraw', 'tick checks a message'],
    ['settle', ({ is }) => is === 'settle', 'nothing happens'],
    ['turn', ({ is }) => is === 'turn', 'nothing happens'],
    ['close', ({ is }) => is === 'close', 'close of tick is called'],
  ];
  it.each(left)('%s', async (_, isMeant, ours) => {
    const place = placeOf(isMeant);
    const { difference } = await again({ steps: incident.steps.toSpliced(place, 1) });
    expect(difference?.rerun.slice(0, ours.length)).toBe(ours);
    expect(difference?.step).toBeGreaterThan(place);
  });

  it('and at the end of the file, where nothing more is recorded', async () => {
    const place = incident.steps.findLastIndex(({ is }) => is === 'fact');
    expect((await again({ steps: incident.steps.slice(0, place) })).difference).toMatchObject({
      step: incident.end.step,
      recorded: 'nothing more',
    });
  });
});

it('what only looks is missed by nobody: a reading, an event', async () => {
  const placeOfReading = incident.steps.findLastIndex(({ is }) => is === 'now');
  expect((await again({ steps: incident.steps.toSpliced(placeOfReading, 1) })).difference).toBeUndefined();
  expect(
    (
      await again({
        steps: incident.steps.toSpliced(
          placeOf(({ is }) => is === 'emit'),
          1,
        ),
      })
    ).difference,
  ).toBeUndefined();
});

describe('a record that says something else is told at its step', () => {
  const changed: readonly (readonly [string, (step: Step) => boolean, object, string])[] = [
    ['another channel is made', ({ is }) => is === 'make', { channel: 'x' }, 'an instance of tick is made'],
    ['another channel warms up', ({ is }) => is === 'warmUp', { channel: 'x' }, 'warmUp of tick is called'],
    ['another call ends', ({ is }) => is === 'return', { call: 99 }, 'call 1 ends'],
    [
      'an offer was taken in',
      (step) => step.is === 'offer' && step.outcome === 'waits',
      { outcome: 'accepted' },
      'the offer waits',
    ],
    ['a method threw', (step) => step.is === 'call' && step.name === 'start', { outcome: 'no' }, 'it succeeds'],
    [
      'a method did not throw',
      (step) => step.is === 'call' && step.name === 'trip',
      { outcome: undefined },
      "it throws: channel 'tick' has no breaker",
    ],
    ['another timer fires', ({ is }) => is === 'fire', { timer: 99 }, 'nothing happens'],
    ['another timer fires inside a call', ({ is }) => is === 'emit', { is: 'fire', timer: 99 }, 'nobody waits for it'],
    ['another message is refused', ({ is }) => is === 'fact', { error: { text: 'x'.repeat(500) } }, '{"is":"fact"'],
  ];
  it.each(changed)('%s', async (_, isMeant, change, ours) => {
    const place = placeOf(isMeant);
    // Of whatever kind it is, it says what a file may say.
    const step = { ...incident.steps[place], ...change } as Step;
    const { difference } = await again({ steps: incident.steps.with(place, step) });
    expect([difference?.step, difference?.rerun.slice(0, ours.length)]).toEqual([place, ours]);
    expect(difference?.recorded.length).toBeLessThan(202);
  });

  it('a record that nothing belongs to', async () => {
    const { steps, end } = incident;
    const more: Step = { is: 'random', value: 0.5, step: end.step };
    const { difference } = await again({ steps: [...steps, more], end: { ...end, step: end.step + 1 } });
    expect(difference).toMatchObject({ step: end.step, rerun: 'nothing happens' });
  });
});

it('what a host reads of the clock by itself is not missed, whenever it does', async () => {
  const { steps, end } = incident;
  const reading = (step: number): Step => ({ is: 'now', at: 12_345, step });
  const place = placeOf(({ is }) => is === 'random');
  expect((await again({ steps: steps.toSpliced(place, 0, reading(place)) })).difference).toBeUndefined();
  expect((await again({ steps: [...steps, reading(end.step)] })).difference).toBeUndefined();
});

it('what came in a tick later than the file says is found its place; the file alone comes out different', async () => {
  const rig = await createRig({
    channels: { tick: { batchSize: 1 } },
    recordIncident: { last: 100_000, directory, filesMax: 0 },
  });
  // The old channel hands over in a tick that is written down nowhere.
  void rig.router.reconfigure({ channels: { tick: { batchSize: 1, partitions: 2 } } });
  for (let n = 0; n < 25; n += 1) {
    rig.router.route(message('tick', n));
    await null;
  }
  await rig.stop();
  const whole = await parsed(rig);
  const { start } = whole.header;
  if (start === null) throw new Error('it has a beginning');
  const routed = whole.steps.filter((step) => step.is === 'route').slice(0, 8);
  for (const route of routed) {
    const later: Step = { ...route, ticks: (route.ticks ?? 0) + 1 };
    const file = { ...whole, steps: whole.steps.with(route.step, later) };
    expect((await new Rerun(file, start, new Map()).go(whole.end.step)).difference).toBeDefined();
    expect((await rerun(file, start)).difference).toBeUndefined();
  }
});
