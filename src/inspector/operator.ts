import { contained } from '../core/contained.ts';
import { invalidOption, SluiceError } from '../core/sluice-error.ts';
import type { Logger } from '../facts/logging.ts';
import type { ChannelReport } from '../report/drain-report.ts';
import type { DataChannelRouter } from '../router/router.ts';
import { type FeedOperation, feedOperations, type Operation, operations } from './protocol.ts';
import { toText } from './text.ts';
import type { TimeLine } from './time-line.ts';

/** A command of an operator, from the page. */
export type Order =
  | { readonly operation: Operation; readonly channel: string }
  /** `names`: subscriptions of the feed. */
  | { readonly operation: FeedOperation; readonly feed: string; readonly names: readonly string[] };

const NAMES_MAX = 1_000;

/** Reads a command; throws `SluiceError` `invalid-option` for anything else. */
export function parseOrder(json: string): Order {
  let order: unknown;
  try {
    order = JSON.parse(json);
  } catch {
    throw invalidOption('a command must be JSON');
  }
  // A claim that the checks below verify.
  const { operation, channel, feed, names } = (order ?? {}) as Readonly<Record<string, unknown>>;
  const ofFeeds = feedOperations.find((name) => name === operation);
  if (ofFeeds !== undefined) return { operation: ofFeeds, feed: toText(feed), names: namesOf(names) };
  const known = operations.find((name) => name === operation);
  if (known === undefined)
    throw invalidOption(`operation must be ${[...operations, ...feedOperations].join(', ')}; got ${toText(operation)}`);
  if (typeof channel !== 'string') throw invalidOption('channel must be the name of a channel');
  return { operation: known, channel };
}

function namesOf(names: unknown): readonly string[] {
  const isList = Array.isArray(names) && names.length > 0 && names.length <= NAMES_MAX;
  if (isList && names.every((name) => typeof name === 'string' && name !== '')) return names;
  throw invalidOption(`names must be a list of 1 to ${NAMES_MAX} subscriptions`);
}

/** `onDrained` receives what a drained channel hands back; without it draining is refused: the messages would be lost. */
interface OperatorOptions {
  readonly logger: Logger;
  readonly onDrained: ((channel: string, report: ChannelReport) => void) | undefined;
}

/** Carries out the commands of the page, and records each in the log and on the time line. */
export class Operator {
  readonly #router: DataChannelRouter;
  readonly #timeLine: TimeLine;
  readonly #options: OperatorOptions;
  readonly #closing = new AbortController();
  #replaying: string | undefined;

  constructor(router: DataChannelRouter, timeLine: TimeLine, options: OperatorOptions) {
    this.#router = router;
    this.#timeLine = timeLine;
    this.#options = options;
  }

  get operations(): readonly Operation[] {
    return operations.filter((operation) => operation !== 'drain' || this.#options.onDrained !== undefined);
  }

  /** Throws `SluiceError` for what the router refuses. The time line shows the end of what takes long. */
  carryOut(order: Order): void {
    if ('feed' in order) return this.#change(order.operation, order.feed, order.names);
    const { operation, channel } = order;
    if (!this.operations.includes(operation))
      throw new SluiceError('refused', `${operation} needs the option onDrained, which receives the returned messages`);
    // Throws if there is no such channel.
    this.#router.explain(channel);
    this.#tell('warn', channel, `an operator asked for ${operation}`);
    if (operation === 'replay') this.#replay(channel);
    else if (operation === 'drain') this.#drain(channel);
    else this.#router[operation](channel);
  }

  /** Replays end between two letters. */
  close(): void {
    this.#closing.abort();
  }

  /** The feed and the names are checked before anything is told. */
  #change(operation: FeedOperation, feed: string, names: readonly string[]): void {
    this.#router.feeds[operation](feed, names);
    this.#tell('warn', feed, `an operator asked for ${operation}: ${names.join(', ').slice(0, 200)}`);
  }

  #replay(channel: string): void {
    const busy = `dead letters of ${this.#replaying} are being replayed: wait until that has ended`;
    if (this.#replaying !== undefined) throw new SluiceError('refused', busy);
    this.#replaying = channel;
    const replay = this.#router.deadLetters.replay({ channel, signal: this.#closing.signal });
    const over = this.#follow(channel, replay, ({ replayed, left, refused }) => {
      const end = refused === null ? '' : `, ended early: ${refused}`;
      return `${replayed} dead letters replayed, ${left} left${end}`;
    });
    void over.then(() => {
      this.#replaying = undefined;
    });
  }

  #drain(channel: string): void {
    void this.#follow(channel, this.#router.remove(channel), async (report) => {
      await this.#options.onDrained?.(channel, report);
      return `drained and removed: ${report.drained} delivered, ${report.returned} handed back`;
    });
  }

  async #follow<Report>(channel: string, work: Promise<Report>, tell: (report: Report) => string | Promise<string>) {
    const text = await work.then(tell).catch((error: unknown) => `failed: ${toText(error)}`);
    this.#tell('info', channel, text);
  }

  /** A logger that throws must not stop the operator. */
  #tell(level: 'info' | 'warn', channel: string, text: string): void {
    this.#timeLine.add({ kind: 'operator', channel, tone: 'plain', text });
    const failed = (error: unknown): void => {
      this.#timeLine.add({ kind: 'operator', channel, tone: 'bad', text: `the logger threw: ${toText(error)}` });
    };
    const log = contained(() => this.#options.logger[level]({ channel, operator: text }, 'inspector.operated'), failed);
    log();
  }
}
