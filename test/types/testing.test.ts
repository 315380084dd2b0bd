import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineChannel, ProcessingChannel } from '../../src/index.ts';
import {
  channelPaths,
  checkOrder,
  createSink,
  createTestRouter,
  fail,
  failWhen,
  type TestMessage,
  testBatch,
} from '../../src/testing/index.ts';

const trade = z.object({ sym: z.string(), p: z.number() });
const high = z.object({ type: z.literal('high') });
type Trade = z.output<typeof trade>;
type High = z.output<typeof high>;

const Trades = defineChannel({
  schema: trade,
  events: high,
  process(_batch, context) {
    context.emit({ type: 'high' });
  },
});
/** For those who like classes. */
class Limited extends ProcessingChannel<Trade, High> {
  readonly limit: number;
  constructor(limit: number) {
    super();
    this.limit = limit;
  }
  override process(): void {}
}

test('events and outcomes of a batch are typed by the channel, however it is given', async () => {
  for (const result of [
    await testBatch(Trades, []),
    await testBatch(new Trades(), []),
    await testBatch(() => new Limited(1), []),
  ])
    expectTypeOf(result.events).toEqualTypeOf<readonly High[]>();
  const { outcomes } = await testBatch(Trades, []);
  const [outcome] = outcomes;
  if (outcome?.status === 'delivered') expectTypeOf(outcome.attempts).toBeNumber();
  // @ts-expect-error only a message that was refused or given up has a reason
  void outcome?.reason;
});

test('the payloads of a sink are those of the channel it is around', () => {
  const sink = createSink(Trades);
  expectTypeOf(sink.delivered).toEqualTypeOf<readonly Trade[]>();
  expectTypeOf(sink.channel).returns.toEqualTypeOf<InstanceType<typeof Trades>>();
  expectTypeOf(createSink().delivered).toEqualTypeOf<readonly unknown[]>();
  checkOrder(sink.delivered, { key: ({ sym }) => sym, sequence: ({ p }) => p });
  // @ts-expect-error a sequence is a number
  checkOrder(sink.delivered, { key: ({ sym }) => sym, sequence: ({ sym }) => sym });
});

test('a reaction sees the payloads of its channel', async () => {
  const sink = createSink(Trades, { script: [failWhen(({ p }) => p < 0)] });
  sink.script.push(fail(), ({ batch }) => void expectTypeOf(batch).toEqualTypeOf<readonly Trade[]>());
  // @ts-expect-error a trade has no `n`
  sink.script.push(failWhen(({ n }) => n === 1));
  const test = await createTestRouter({ sinks: { tick: { batchSize: 10 } } });
  expectTypeOf(test.sink('tick').delivered).toEqualTypeOf<readonly TestMessage[]>();
  // @ts-expect-error a channel has no such option
  const refused = () => createTestRouter({ sinks: { tick: { size: 10 } } });
  expectTypeOf(refused).toBeFunction();
});

test('a test router knows what its channels emit, also those of sinks', async () => {
  const { events, router } = await createTestRouter({
    channels: { tick: createSink(Trades).channel, quiet: createSink().channel },
  });
  for (const event of events) if (event.channel === 'tick') expectTypeOf(event.event).toEqualTypeOf<High>();
  router.events.on('event', (fact) => {
    // @ts-expect-error there is no channel of that name
    if (fact.channel === 'fmv') return;
  });
  const refused = () =>
    // @ts-expect-error time is simulated
    createTestRouter({ channels: { tick: Trades }, clock: Date });
  expectTypeOf(refused).toBeFunction();
});

test('paths ask for messages, and show the events of the channel', () => {
  const typed = () =>
    channelPaths(Trades, {
      messages: [{ sym: 'A', p: 1 }],
      check: ({ events }) => expectTypeOf(events[0]?.event).toEqualTypeOf<High | undefined>(),
    });
  const refused = () => {
    // @ts-expect-error what the feed sends is not known to the kit
    channelPaths(Trades, {});
    // @ts-expect-error a class that wants arguments is made by a function
    channelPaths(Limited, { messages: [1] });
    // @ts-expect-error one instance cannot walk many paths
    channelPaths(new Trades(), { messages: [1] });
  };
  expectTypeOf([typed, refused]).toBeArray();
});
