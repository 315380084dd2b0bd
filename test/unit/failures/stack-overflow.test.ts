import { describe, expect, it } from 'vitest';
import type { Outcome, RouterConfigInput } from '../../../src/index.ts';
import type { Reaction, TestMessage, TestRouter } from '../../../src/testing/index.ts';
import { createTestRouter, fail, message, succeed } from '../../../src/testing/index.ts';

/** Routes at each depth of a stack that is used up, from the deepest on: some of these calls overflow inside the router. */
function routeFromTheDepth(rig: TestRouter): number {
  let thrown = 0;
  let n = 0;
  const dive = (): void => {
    try {
      dive();
    } catch {
      // The stack is full from here down.
    }
    if (n >= 400) return;
    try {
      n += 1;
      rig.router.route(message('tick', n));
    } catch {
      thrown += 1;
    }
  };
  dive();
  return thrown;
}

/** Routes once, so many frames above the end of the stack. */
function routeAbove(rig: TestRouter, frames: number, routed: TestMessage): Outcome | undefined {
  let left = frames;
  let outcome: Outcome | undefined;
  const dive = (): void => {
    try {
      dive();
    } catch {
      // The stack is full from here down.
    }
    left -= 1;
    if (left !== 0) return;
    try {
      outcome = rig.router.route(routed);
    } catch {
      // Whether it was taken in is not known.
    }
  };
  dive();
  return outcome;
}

// What overflows first depends on how deep the stack is here, which no test can choose.
describe('after a stack overflow inside the router', () => {
  it.each([
    ['that awaits', () => Promise.resolve(), 1],
    ['that is synchronous', () => {}, 1],
    ['in batches', () => {}, 3],
  ])('no call stays in flight for ever with a sink %s', async (_name, reaction, batchSize) => {
    const rig = await createTestRouter({ sinks: { tick: { batchSize, priority: 1, capacity: 10_000 } } });
    rig.sink('tick').otherwise = reaction;
    for (let round = 0; round < 5; round += 1) {
      expect(routeFromTheDepth(rig)).toBeGreaterThan(0);
      await rig.clock.advance(30_000);
      expect(rig.router.explain('tick').inFlight).toBe(0);
      rig.checkConserved();
    }
    rig.sink('tick').otherwise = succeed();
    const before = rig.metrics('tick').delivered;
    rig.router.route(message('tick', -1));
    await rig.clock.advance(30_000);
    expect(rig.metrics('tick').delivered).toBeGreaterThan(before);
    const report = await rig.stop();
    expect(report.channels.tick).toMatchObject({ buffered: 0, inFlight: 0 });
  });
});

describe('19.20 a stack overflow while a failure is settled', () => {
  const refused = Object.assign(new Error('refused'), { retryable: false });
  const isBad = ({ n }: TestMessage): boolean => n % 3 === 0;
  const named: Reaction<TestMessage> = ({ batch, context }) => {
    for (const [index, each] of batch.entries())
      if (isBad(each)) context.fail(index, each.n % 2 === 0 ? refused : new Error('bad'));
  };
  const poison: Reaction<TestMessage> = ({ batch }) => {
    if (batch.some(isBad)) throw new Error('poison');
  };
  type Config = NonNullable<RouterConfigInput['channels']>[string];

  it.each<readonly [string, Reaction<TestMessage>, Config]>([
    ['that comes again', fail(), { breaker: false, isolate: false }],
    ['that is not retryable', fail(refused), {}],
    ['of named messages', named, { batchSize: 3 }],
    ['of named messages that are given up', named, { batchSize: 3, retry: { attempts: 1 } }],
    ['of poison', poison, { retry: { attempts: 1 } }],
  ])('loses no message and counts each once: a failure %s', async (_name, reaction, config) => {
    const rig = await createTestRouter({
      sinks: { tick: { batchSize: 1, priority: 1, capacity: 10_000, retry: { attempts: 2, delayMs: 1 }, ...config } },
    });
    const accepted = new Set<number>();
    const deliveries = new Set<number>();
    for (let frames = 1; frames <= 75; frames += 1) {
      rig.sink('tick').otherwise = reaction;
      for (let k = 0; k < 3; k += 1) {
        const routed = message('tick', 10 * frames + k);
        if (routeAbove(rig, k === 2 ? frames : 5_000, routed)?.status === 'accepted') accepted.add(routed.n);
      }
      await rig.clock.advance(0);
      rig.sink('tick').otherwise = succeed();
      rig.router.route(message('tick', 10 * frames + 5));
      await rig.advance(30_000);
      const { inFlight, buffered } = rig.metrics('tick');
      expect([frames, rig.router.metrics().conserved, inFlight, buffered]).toEqual([frames, true, 0, 0]);
      rig.checkConserved();
    }
    for (const each of rig.sink('tick').delivered) deliveries.add(each.n);
    const kept = await rig.router.deadLetters.list();
    const letters = kept.map((letter) => (letter.message as TestMessage).n);
    expect(new Set(letters).size).toBe(letters.length);
    expect(letters.filter((each) => deliveries.has(each))).toEqual([]);
    expect([...accepted].filter((each) => !deliveries.has(each) && !letters.includes(each))).toEqual([]);
    expect(rig.metrics('tick')).toMatchObject({ deadLettered: letters.length });
  });
});
