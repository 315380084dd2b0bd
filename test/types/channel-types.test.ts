import { expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import type { BatchContext, LifeContext, Outcome, RejectReason } from '../../src/index.ts';
import { createRouter, defineChannel, loadConfig, ProcessingChannel } from '../../src/index.ts';

interface Trade {
  readonly sym: string;
  readonly p: number;
}
type MarketEvent = { readonly type: 'high'; readonly p: number } | { readonly type: 'low'; readonly p: number };
type Rules = { readonly minMove: number };

/** For those who like classes. */
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

class Limited extends TradeChannel {
  readonly limit: number;
  constructor(limit: number) {
    super();
    this.limit = limit;
  }
}

const Bars = defineChannel({
  schema: z.object({ c: z.number() }),
  events: z.object({ type: z.literal('move'), by: z.number().optional() }),
  create() {
    let last = 0;
    return {
      warmUp({ logger }) {
        logger.info({ last }, 'warm');
      },
      async process(batch, context) {
        expectTypeOf(batch).toEqualTypeOf<readonly { c: number }[]>();
        expectTypeOf(context.rules).toEqualTypeOf<Readonly<Record<string, unknown>>>();
        for (const { c } of batch) {
          if (c !== last) context.emit({ type: 'move', by: c - last });
          last = c;
        }
      },
    };
  },
});

const Limits = defineChannel({
  validate: (message) => Number(message),
  rules: z.object({ limit: z.number().default(1) }),
  process(batch, context) {
    expectTypeOf(batch).toEqualTypeOf<readonly number[]>();
    expectTypeOf(context.rules).toEqualTypeOf<{ limit: number }>();
    // @ts-expect-error a channel without events emits none
    context.emit('anything');
  },
});

const Quiet = defineChannel({
  process(batch) {
    expectTypeOf(batch).toEqualTypeOf<readonly unknown[]>();
  },
});

const channels = { tick: TradeChannel, ohlcv: Bars, limits: Limits, quiet: () => new Quiet() };
const make = () => createRouter({ channels, config: { channels: { tick: { eventRules: { minMove: 1 } } } } });

test('events are typed by the classes, and the name of the channel tells them apart', () => {
  const { events } = make();
  events.on('event', (fact) => {
    if (fact.channel === 'tick') expectTypeOf(fact.event).toEqualTypeOf<MarketEvent>();
    if (fact.channel === 'ohlcv') expectTypeOf(fact.event).toEqualTypeOf<{ type: 'move'; by?: number | undefined }>();
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
  expectTypeOf<RejectReason>().toEqualTypeOf<
    'unknown-type' | 'ignored' | 'invalid' | 'mailbox-full' | 'tripped' | 'not-running'
  >();
});

test('rules may be left out, and a loaded configuration is checked when the router is made', () => {
  const accepted = async () => {
    createRouter({ channels, config: { channels: { limits: { batchSize: 1, eventRules: {} } } } });
    createRouter({ channels, config: await loadConfig('config/channels.yaml') });
  };
  expectTypeOf(accepted).toBeFunction();
});

test('a mistake in the options is a mistake of the types', () => {
  const refused = () => {
    // @ts-expect-error the constructor needs an argument: () => new Limited(1)
    createRouter({ channels: { tick: Limited } });
    // @ts-expect-error the function makes no channel
    createRouter({ channels: { tick: () => ({ process() {} }) } });
    // @ts-expect-error a router has channels
    createRouter({});
    // @ts-expect-error the field is called batchSize
    createRouter({ channels, config: { channels: { tick: { batchsize: 1 } } } });
    // @ts-expect-error no policy has this name
    createRouter({ channels, config: { channels: { tick: { overflow: 'drop' } } } });
    // @ts-expect-error no channel has this name
    createRouter({ channels, config: { channels: { fmv: {} } } });
    // @ts-expect-error the rule is called limit
    createRouter({ channels, config: { channels: { limits: { eventRules: { limits: 1 } } } } });
    // @ts-expect-error the rule is a number
    make().add('late', Limits, { eventRules: { limit: '1' } });
    // @ts-expect-error a definition has either process or create
    defineChannel({ schema: z.number() });
    // @ts-expect-error no event of this channel has this type
    defineChannel({ events: z.literal('high'), process: (_batch, context) => context.emit('low') });
    // @ts-expect-error a configuration in force cannot be written to
    make().config.router.sliceMs = 5;
  };
  expectTypeOf(refused).toBeFunction();
});

test('a schema must give what the channel processes', () => {
  class Wrong extends ProcessingChannel<{ readonly c: number }> {
    // @ts-expect-error its schema gives a string where process wants a number
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
