import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type BatchContext, DataChannelRouter, ProcessingChannel } from '../../../src/index.ts';
import type { Reaction } from '../../../src/testing/index.ts';
import { createSink, fail, failOnly, failWhen, hang, reject, slow, testBatch } from '../../../src/testing/index.ts';

const priced = z.object({ sym: z.string(), p: z.number() });

/** Refuses what has no price, and emits each price. */
class Prices extends ProcessingChannel<z.output<typeof priced>, number> {
  override readonly schema = priced;
  override process(batch: readonly z.output<typeof priced>[], context: BatchContext<number>): void {
    for (const { p } of batch) context.emit(p);
  }
}

const price = (p: number) => ({ sym: 'A', p });
const statuses = (outcomes: readonly { readonly status: string }[]) => outcomes.map(({ status }) => status);

describe('testBatch', () => {
  it('tells of each message what became of it, and all that was emitted', async () => {
    const { outcomes, events, metrics } = await testBatch(Prices, [price(1), { sym: 'A' }, price(3)]);
    expect(outcomes).toEqual([
      { status: 'delivered', attempts: 1 },
      {
        status: 'rejected',
        reason: 'invalid',
        error: expect.objectContaining({ message: expect.stringMatching(/^p: /) }),
      },
      { status: 'delivered', attempts: 1 },
    ]);
    expect(events).toEqual([1, 3]);
    expect(metrics).toMatchObject({ received: 3, calls: 1 });
  });

  it('takes a class, a function and an instance, whose own check and private fields work on', async () => {
    class Counting extends Prices {
      readonly #seen: number[] = [];
      override process(batch: readonly z.output<typeof priced>[], context: BatchContext<number>): void {
        this.#seen.push(...batch.map(({ p }) => p));
        context.emit(this.#seen.length);
      }
    }
    for (const source of [Counting, () => new Counting(), new Counting()]) {
      expect((await testBatch(source, [price(1), price(2)])).events).toEqual([2]);
    }
  });

  it('makes one batch of all messages, unless its configuration says otherwise', async () => {
    const messages = Array.from({ length: 2_500 }, (_, p) => price(p + 1));
    expect((await testBatch(Prices, messages)).metrics).toMatchObject({ calls: 1, delivered: 2_500 });
    const { metrics } = await testBatch(Prices, messages, { config: { batchSize: 1_000 } });
    expect(metrics).toMatchObject({ calls: 3, batches: { size: 2, age: 1 } });
  });

  it.each([
    ['a call that throws', fail(), ['delivered', 'delivered', 'delivered'], 2],
    ['a call that rejects', reject(), ['delivered', 'delivered', 'delivered'], 2],
    ['a call that takes a second', slow(1_000), ['delivered', 'delivered', 'delivered'], 1],
    ['a call that never settles', hang(), ['delivered', 'delivered', 'delivered'], 2],
    ['a message named as failed', failOnly(1), ['delivered', 'delivered', 'delivered'], 1],
    [
      'messages that must not come again',
      failOnly([0, 2], { retryable: false }),
      ['dead-lettered', 'delivered', 'dead-lettered'],
      1,
    ],
  ] satisfies [string, Reaction, string[], number][])('passes %s', async (_, reaction, expected, attempts) => {
    const { outcomes, metrics } = await testBatch(Prices, [price(1), price(2), price(3)], { script: [reaction] });
    expect(statuses(outcomes)).toEqual(expected);
    expect(outcomes[0]).toHaveProperty('attempts', attempts);
    expect(metrics.calls).toBeGreaterThanOrEqual(1);
  });

  it('finds the poison messages of a channel by their dead letters', async () => {
    const sink = createSink(Prices, { otherwise: failWhen(({ p }: { p: number }) => p % 5 === 0) });
    const { outcomes } = await testBatch(sink.channel, [1, 2, 3, 4, 5, 6].map(price));
    expect(statuses(outcomes)).toEqual([...Array(4).fill('delivered'), 'dead-lettered', 'delivered']);
    expect(outcomes[4]).toMatchObject({ reason: 'poison', error: new Error('the script says so') });
    expect(sink.delivered.map(({ p }) => p)).toEqual([1, 2, 3, 4, 6]);
  });

  it('hands back what a sink that is down would not take, and does not guess about a call that is out', async () => {
    const down = createSink(Prices, { otherwise: fail() });
    expect(statuses((await testBatch(down.channel, [price(1), price(2)])).outcomes)).toEqual(['returned', 'returned']);
    const stuck = await testBatch(Prices, [price(1)], { script: [hang()], withinMs: 1_000 });
    expect(stuck.outcomes).toEqual([{ status: 'unsettled', attempts: 1 }]);
  });

  it('knows the messages that a full mailbox gave up', async () => {
    const config = { priority: 2, capacity: 2, batchSize: 2 };
    const sink = createSink({ script: [slow(100)] });
    const dropping = await testBatch(sink.channel, [1, 2, 3, 4, 5], { config: { ...config, overflow: 'drop-oldest' } });
    expect(statuses(dropping.outcomes)).toEqual(['dropped', 'dropped', 'dropped', 'delivered', 'delivered']);
    const refusing = await testBatch(createSink().channel, [1, 2, 3], { config });
    expect(refusing.outcomes[2]).toEqual({ status: 'rejected', reason: 'mailbox-full', error: undefined });
    const quotes = ['A', 'B', 'A'].map((sym) => ({ sym }));
    const conflating = await testBatch(createSink().channel, quotes, { config: { ...config, overflow: 'conflate' } });
    expect(statuses(conflating.outcomes)).toEqual(['conflated', 'delivered', 'delivered']);
  });

  it('follows payloads that a channel makes by `validate`, and those that are nothing', async () => {
    class Halves extends ProcessingChannel<number> {
      override validate(message: unknown): number {
        if (message === 0) throw new Error('no half of 0');
        return Number(message) / 2;
      }
      override process(): void {}
    }
    const halves = await testBatch(Halves, [2, 0, 4], { script: [failOnly(1, { retryable: false })] });
    expect(statuses(halves.outcomes)).toEqual(['delivered', 'rejected', 'dead-lettered']);
    expect(halves.outcomes[1]).toMatchObject({ reason: 'invalid', error: new Error('no half of 0') });
    class Nothings extends ProcessingChannel<null> {
      override readonly schema = z.unknown().transform(() => null);
      override process(): void {}
    }
    const script = [failOnly(1, { retryable: false })];
    expect(statuses((await testBatch(Nothings, ['a', 'b'], { script })).outcomes)).toEqual([
      'dead-lettered',
      'delivered',
    ]);
  });

  it('follows them through all lives of one instance', async () => {
    const only = new Prices();
    const { outcomes, events, metrics } = await testBatch(() => only, [price(1)], { script: [hang()] });
    expect([outcomes, events, metrics.restarts]).toEqual([[{ status: 'delivered', attempts: 2 }], [1], 1]);
  });

  it('names with failOnly nobody who is not in the batch', async () => {
    const script = [failOnly([0, 9], { retryable: false })];
    expect(statuses((await testBatch(Prices, [price(1), price(2)], { script })).outcomes)).toEqual([
      'dead-lettered',
      'delivered',
    ]);
  });

  it('throws when the router counts something else than was seen', async () => {
    const { stop } = DataChannelRouter.prototype;
    const planted = vi.spyOn(DataChannelRouter.prototype, 'stop').mockImplementation(async function (
      this: DataChannelRouter,
      options,
    ) {
      const { channels, ...report } = await stop.call(this, options);
      const wrong = Object.entries(channels).map(([name, each]) => [name, { ...each, delivered: 0, deadLettered: 2 }]);
      return { ...report, channels: Object.fromEntries(wrong) };
    });
    await expect(testBatch(Prices, [price(1), price(2)])).rejects.toThrow(
      'testBatch: 2 messages are delivered, but 0 were counted; 0 messages are dead-lettered, but 2 were counted',
    );
    planted.mockRestore();
  });

  it('is the same run for the same seed, and another for another', async () => {
    const run = async (seed: number) => {
      const { metrics, report } = await testBatch(Prices, [price(1)], { script: [fail(), fail()], seed });
      return [metrics, report];
    };
    expect(await run(7)).toEqual(await run(7));
    expect(await run(7)).not.toEqual(await run(8));
  });

  it('a warm-up that fails and a constructor that throws show in the outcomes, not as an exception', async () => {
    class Cold extends Prices {
      override warmUp(): never {
        throw new Error('cold');
      }
    }
    class Broken extends Prices {
      constructor() {
        super();
        throw new Error('broken');
      }
    }
    expect((await testBatch(Cold, [price(1)])).outcomes).toEqual([{ status: 'returned', attempts: 0 }]);
    expect((await testBatch(Broken, [price(1)])).outcomes).toEqual([{ status: 'returned', attempts: 0 }]);
  });

  it('says what a channel is when it is given something else', async () => {
    // @ts-expect-error a text is no channel
    await expect(testBatch('Prices', [])).rejects.toThrow(
      'the class of a channel, a function that makes one, or an instance',
    );
  });
});
