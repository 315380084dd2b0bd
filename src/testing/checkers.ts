import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import { checkOptions } from '../config/options.ts';
import type { RouterConfig } from '../config/schema.ts';
import { addLedgers, type Ledger } from '../core/ledger.ts';
import type { ChannelReport, DrainReport } from '../report/drain-report.ts';
import type { RouterMetrics } from '../report/metrics.ts';

/** What may wait beside a full mailbox: failed batches and the quarantine, which holds as many messages as the mailbox, and at least 30. */
const HELD_BATCHES_MAX = 34;

/** Everything that `checkConservation` can check. */
export type Accounts = RouterMetrics | DrainReport | ChannelReport | ChannelMetrics | Ledger;

/** How the order of messages is defined. */
export interface OrderRule<Message> {
  /** Order holds among the messages of one key, such as a symbol. */
  readonly key: (message: Message) => string;
  /** The position of a message among those of its key, in the order of acceptance. */
  readonly sequence: (message: Message) => number;
  /** Excludes messages named by `context.fail` and replayed dead letters. */
  readonly except?: (message: Message) => boolean;
}

/**
 * Checks the laws of conservation for a router, a channel or the report of `stop`. They hold at every moment, even
 * inside a listener. Each problem is one line that names the law and shows the numbers; without a problem the list is empty.
 */
export function checkConservation(accounts: Accounts): readonly string[] {
  if (!('channels' in accounts)) return channelProblems('channel', accounts);
  const channels = Object.entries<ChannelReport | ChannelMetrics>(accounts.channels);
  const problems = channels.flatMap(([name, channel]) => channelProblems(name, channel));
  if (!accounts.conserved) problems.push("router: it says of itself that it isn't conserved");
  if ('unroutable' in accounts) {
    // Not equal: the router's count includes channels that were removed and are no longer shown.
    const known = channels.reduce((sum, [, channel]) => sum + channel.received, accounts.unroutable + accounts.ignored);
    if (accounts.received < known) problems.push(lawOf('router', 'received', accounts.received, 'at least', known));
  }
  return problems;
}

/**
 * Checks the law of order: the first deliveries of the messages of a key are in the order of acceptance. Further
 * deliveries are allowed, because delivery is at least once.
 */
export function checkOrder<Message>(delivered: Iterable<Message>, rule: OrderRule<Message>): readonly string[] {
  checkOptions('checkOrder', rule, { key: true, sequence: true, except: true });
  const problems: string[] = [];
  const seen = new Map<string, { last: number; readonly all: Set<number> }>();
  let position = -1;
  for (const message of delivered) {
    position += 1;
    if (rule.except?.(message)) continue;
    const key = rule.key(message);
    const sequence = rule.sequence(message);
    const before = seen.get(key);
    if (before === undefined) seen.set(key, { last: sequence, all: new Set([sequence]) });
    else if (!before.all.has(sequence)) {
      if (sequence < before.last) {
        problems.push(`order of ${key}: ${sequence} was delivered after ${before.last} (number ${position} of all)`);
      }
      before.all.add(sequence);
      before.last = Math.max(before.last, sequence);
    }
  }
  return problems;
}

/** Checks that nothing exceeds its limit, under a configuration that was in force from the start. */
export function checkBounds(metrics: RouterMetrics, config: RouterConfig): readonly string[] {
  const problems: string[] = [];
  const bound = (place: string, name: string, value: number, max: number): void => {
    if (value > max) problems.push(lawOf(place, name, value, 'at most', max));
  };
  const { capacity, refused } = config.router.deadLetters;
  const lettersMax = capacity + Math.min(capacity, refused.capacity);
  const { lasting, stored } = metrics.deadLetters;
  bound('router', 'deadLetters.stored', stored - lasting, lettersMax);
  for (const [name, channel] of Object.entries(metrics.channels)) {
    const limits = config.channels[name];
    if (limits === undefined) continue;
    const depthMax = limits.capacity + Math.max(HELD_BATCHES_MAX * limits.batchSize, 2 * limits.capacity);
    bound(name, 'depth', channel.depth, depthMax * limits.partitions);
    bound(name, 'inFlight', channel.inFlight, limits.batchSize * limits.partitions);
  }
  return problems;
}

function channelProblems(name: string, channel: Ledger): string[] {
  const { received, accepted, rejected, delivered, deadLettered } = channel;
  const { dropped, conflated, returned, buffered, inFlight } = channel;
  const kept = delivered + deadLettered + dropped + conflated + returned + buffered + inFlight;
  const equal = (law: string, left: number, right: number): string[] =>
    left === right ? [] : [lawOf(name, law, left, 'as much as', right)];
  return [
    ...equal('received = accepted + rejected', received, accepted + rejected),
    ...equal(
      'accepted = delivered + deadLettered + dropped + conflated + returned + buffered + inFlight',
      accepted,
      kept,
    ),
    ...countProblems(name, channel),
    ...('rejectedBy' in channel ? metricsProblems(channel as ChannelMetrics, equal) : []),
    ...('returnedMessages' in channel ? reportProblems(channel as ChannelReport, equal) : []),
  ];
}

type Equal = (law: string, left: number, right: number) => string[];

function metricsProblems(metrics: ChannelMetrics, equal: Equal) {
  const { rejected, rejectedBy, deadLettered, deadLetteredBy, returned, returnedBy } = metrics;
  return [
    ...equal('rejected = the sum of rejectedBy', rejected, sumOf(rejectedBy)),
    ...equal('returned = the sum of returnedBy', returned, sumOf(returnedBy)),
    ...equal('deadLettered = the sum of deadLetteredBy', deadLettered, sumOf(deadLetteredBy)),
  ];
}

/** After the end nothing waits, and the report lists every message that was not delivered. */
function reportProblems(
  { backAtOrigin, buffered, returned, inFlight, returnedMessages, unsettledMessages }: ChannelReport,
  equal: Equal,
) {
  return [
    ...equal('buffered = 0 at the end', buffered, 0),
    ...equal(
      'returned = the number of returnedMessages and of those back at their origins',
      returned,
      returnedMessages.length + backAtOrigin.returned,
    ),
    ...equal(
      'inFlight = the number of unsettledMessages and of those back at their origins',
      inFlight,
      unsettledMessages.length + backAtOrigin.unsettled,
    ),
  ];
}

function countProblems(name: string, channel: Ledger): string[] {
  return Object.entries(addLedgers([channel]))
    .filter(([, value]) => !(Number.isSafeInteger(value) && value >= 0))
    .map(([count, value]) => `${name}: ${count} must be a whole number from 0, but it is ${String(value)}`);
}

function sumOf(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((sum, part) => sum + part, 0);
}

function lawOf(place: string, law: string, left: number, relation: string, right: number): string {
  return `${place}: ${law}: ${left} should be ${relation} ${right}`;
}
