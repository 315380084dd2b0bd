import { expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import {
  type BatchContext,
  createRouter,
  type LifeContext,
  type Outcome,
  ProcessingChannel,
  type RejectReason,
} from '../../src/index.ts';

interface Trade {
  readonly sym: string;
  readonly p: number;
}
type MarketEvent = { readonly type: 'high'; readonly p: number } | { readonly type: 'low'; readonly p: number };
type Rules = { readonly minMove: number };

class TradeChannel extends ProcessingChannel<Trade, MarketEvent, Rules> {
  static override readonly rules = z.object({ minMove: z.number() });

  override warmUp({ rules }: LifeContext<MarketEvent, Rules>): void {
    expectTypeOf(rules.minMove).toBeNumber();
  }

  override process(batch: readonly Trade[], context: BatchContext<MarketEvent, Rules>): void {
    expectTypeOf(batch[0]).toEqualTypeOf<Trade | undefined>();
    expectTypeOf(context.trigger).toEqualTypeOf<'size' | 'age' | 'request' | 'drain' | 'probe'>();
    expectTypeOf(context.rules).toEqualTypeOf<Rules>();
    context.emit({ type: 'high', p: 1 });
    // @ts-expect-error 'middle' is no event of this channel
    context.emit({ type: 'middle', p: 1 });
    // @ts-expect-error the price of an event is a number
    context.emit({ type: 'low', p: '1' });
    // @ts-expect-error the batch belongs to the channel's mailbox
    batch.push({ sym: 'A', p: 1 });
    // @ts-expect-error an error must be given
    context.fail(0);
  }
}

class BarChannel extends ProcessingChannel<{ readonly c: number }, { readonly type: 'move' }> {
  override readonly schema = z.object({ c: z.number() });
  override async process(): Promise<void> {}
}

/** Emits nothing. */
class QuietChannel extends ProcessingChannel<unknown> {
  override process(_batch: readonly unknown[], context: BatchContext<never>): void {
    // @ts-expect-error a channel without events emits none
    context.emit('anything');
  }
}

const channels = { tick: () => new TradeChannel(), ohlcv: () => new BarChannel(), quiet: () => new QuietChannel() };
const make = () => createRouter({ channels, config: { channels: { tick: { eventRules: { minMove: 1 } } } } });

test('events are typed by the classes, and the name of the channel tells them apart', () => {
  const { events } = make();
  events.on('event', (fact) => {
    if (fact.channel === 'tick') expectTypeOf(fact.event).toEqualTypeOf<MarketEvent>();
    if (fact.channel === 'ohlcv') expectTypeOf(fact.event).toEqualTypeOf<{ readonly type: 'move' }>();
    // @ts-expect-error there is no channel of that name
    if (fact.channel === 'fmv') return;
  });
  events.on('batch.flushed', ({ size, trigger }) => {
    expectTypeOf(size).toBeNumber();
    expectTypeOf(trigger).toEqualTypeOf<'size' | 'age' | 'request' | 'drain' | 'probe'>();
  });
  // @ts-expect-error no fact has this name
  events.on('batch.finished', () => {});
});

test('an outcome tells its reason only when it is a rejection, and the reasons are a closed set', () => {
  const outcome: Outcome = make().route({ ev: 'T' });
  // @ts-expect-error an accepted message has no reason
  void outcome.reason;
  if (outcome.status === 'rejected') expectTypeOf(outcome.reason).toEqualTypeOf<RejectReason>();
  expectTypeOf<RejectReason>().toEqualTypeOf<'unknown-type' | 'invalid' | 'mailbox-full' | 'tripped' | 'not-running'>();
});

test('a mistake in the options is a mistake of the types', () => {
  const refused = () => {
    // @ts-expect-error a factory makes an instance; a class is none
    createRouter({ channels: { tick: TradeChannel } });
    // @ts-expect-error a factory makes a channel
    createRouter({ channels: { tick: () => ({ process() {} }) } });
    // @ts-expect-error a router has channels
    createRouter({});
    // @ts-expect-error the field is called batchSize
    createRouter({ channels, config: { channels: { tick: { batchsize: 1 } } } });
    // @ts-expect-error no policy has this name
    createRouter({ channels, config: { channels: { tick: { overflow: 'drop' } } } });
    // @ts-expect-error a configuration in force cannot be written to
    make().config.router.sliceMs = 5;
  };
  expectTypeOf(refused).toBeFunction();
});

test('a schema must give what the channel processes', () => {
  class Wrong extends ProcessingChannel<{ readonly c: number }> {
    // @ts-expect-error its schema gives a text where process wants a number
    override readonly schema = z.object({ c: z.string() });
    override process(): void {}
  }
  // @ts-expect-error process must be written
  class Unfinished extends ProcessingChannel<unknown> {}
  expectTypeOf([Wrong, Unfinished]).toBeArray();
});

test('metrics, health and reports are plain and readonly', () => {
  const router = make();
  const metrics = router.metrics();
  expectTypeOf(metrics.channels.tick?.batches.size).toEqualTypeOf<number | undefined>();
  expectTypeOf(router.health().status).toEqualTypeOf<'healthy' | 'degraded' | 'unhealthy'>();
  // @ts-expect-error a snapshot is readonly
  metrics.received = 0;
  expectTypeOf(router.stop).returns.resolves.toHaveProperty('conserved');
  expectTypeOf(router).toExtend<AsyncDisposable>();
});
