import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import type { ChannelSource } from '../channel/channel-source.ts';
import type { AnyChannel, EventOf } from '../channel/processing-channel.ts';
import { checkOptions, type OptionNames } from '../config/options.ts';
import type { ChannelReport } from '../report/drain-report.ts';
import type { ChannelInput } from '../router/router-options.ts';
import { makerOf, type PayloadOf, wrapper } from './channel-source.ts';
import { checkConservation } from './checkers.ts';
import { type MessageOutcome, MessageRoll } from './message-roll.ts';
import type { Reaction } from './reactions.ts';
import { createSink } from './sink.ts';
import { createTestRouter, type TestRouter } from './test-router.ts';

/** The options of `testBatch`. */
export interface TestBatchOptions<Message = unknown> {
  /** The configuration of the channel. Default: all messages are one batch; otherwise the usual defaults. */
  readonly config?: ChannelInput;
  /** The reactions to the first calls of `process`, before the channel's own work. Default: none. */
  readonly script?: readonly Reaction<Message>[];
  /** Seed of all randomness. Default: 1. */
  readonly seed?: number;
  /** After this time the channel is stopped, in simulated ms. Default: 60,000. */
  readonly withinMs?: number;
}

const testBatchOptions: OptionNames<TestBatchOptions> = { config: true, script: true, seed: true, withinMs: true };

/** The result of `testBatch`. */
export interface BatchResult<Event> {
  /** One outcome per message, in the order of the messages. */
  readonly outcomes: readonly MessageOutcome[];
  /** The events that the channel emitted, in order. */
  readonly events: readonly Event[];
  /** The metrics when the last message was done. */
  readonly metrics: ChannelMetrics;
  /** The report of `stop`. */
  readonly report: ChannelReport;
}

const WITHIN_MS = 60_000;
const CAPACITY = 1_000;
const NAME = 'channel';

/**
 * Routes messages through a channel in a real router on simulated time until no message waits, and then stops the
 * router. Throws if a law of conservation was broken.
 */
export async function testBatch<Channel extends AnyChannel>(
  channel: ChannelSource<Channel> | Channel,
  messages: readonly unknown[],
  options: TestBatchOptions<PayloadOf<Channel>> = {},
): Promise<BatchResult<EventOf<Channel>>> {
  checkOptions('testBatch', options, testBatchOptions);
  const { config = {}, script = [], seed = 1, withinMs = WITHIN_MS } = options;
  const size = Math.max(1, messages.length);
  const roll = new MessageRoll();
  const follow = wrapper(() => ({
    process: (own, batch, context) => {
      roll.handed(batch);
      return own(batch, context);
    },
    checked: (payload) => roll.checked(payload),
  }));
  const make = makerOf(channel);
  const sink = createSink(() => make(), { script });
  const test = await createTestRouter({
    channels: { [NAME]: () => follow(sink.channel()) },
    config: { channels: { [NAME]: { batchSize: size, capacity: Math.max(CAPACITY, size), ...config } } },
    seed,
  });
  test.router.events.on('message.deadLettered', (letter) => roll.deadLettered(letter));
  for (const message of messages) pass(test, roll, message);
  await rest(test, withinMs);
  const metrics = test.metrics(NAME);
  const { channels } = await test.stop();
  // The router has only this channel.
  const report = channels[NAME] as ChannelReport;
  roll.left(report.unsettledMessages, 'unsettled');
  roll.left(report.returnedMessages, 'returned');
  const outcomes = roll.close(config.overflow === 'conflate' ? 'conflated' : 'dropped');
  verify(outcomes, report);
  // Only this channel emits here.
  const events = test.events.map(({ event }) => event as EventOf<Channel>);
  return { outcomes, events, metrics, report };
}

function pass(test: TestRouter<unknown>, roll: MessageRoll, message: unknown): void {
  roll.open();
  const outcome = test.router.route(message, { dataType: NAME });
  if (outcome.status === 'accepted') return roll.accepted(message);
  const isLetter = outcome.reason === 'invalid';
  roll.rejected(outcome.reason, isLetter ? test.facts('message.deadLettered').at(-1)?.error : undefined);
}

/** Advances time in growing steps until nothing waits and nothing is in flight. */
async function rest(test: TestRouter<unknown>, withinMs: number): Promise<void> {
  await test.clock.settle();
  const endMs = test.clock.now() + withinMs;
  for (let stepMs = 1; ; stepMs = Math.min(2 * stepMs, 1_000)) {
    const { waiting, inFlight } = test.router.explain(NAME);
    const leftMs = endMs - test.clock.now();
    if (waiting + inFlight === 0 || leftMs <= 0) return;
    await test.advance(Math.min(stepMs, leftMs));
  }
}

/** The outcomes, observed message by message, must match the counters of the router. */
function verify(outcomes: readonly MessageOutcome[], report: ChannelReport): void {
  const problems = [...checkConservation(report)];
  const seen = (status: MessageOutcome['status']): number => outcomes.filter((each) => each.status === status).length;
  const compare = (status: MessageOutcome['status'], counted: number): void => {
    if (seen(status) !== counted) problems.push(`${seen(status)} messages are ${status}, but ${counted} were counted`);
  };
  compare('delivered', report.delivered);
  compare('rejected', report.rejected);
  compare('dead-lettered', report.deadLettered);
  compare('dropped', report.dropped);
  compare('conflated', report.conflated);
  compare('returned', report.returned);
  compare('unsettled', report.inFlight);
  if (problems.length > 0) throw new Error(`testBatch: ${problems.join('; ')}`);
}
