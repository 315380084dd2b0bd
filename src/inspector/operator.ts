import { contained } from '../core/contained.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Logger } from '../facts/logging.ts';
import type { ChannelReport } from '../report/drain-report.ts';
import type { DataChannelRouter } from '../router/router.ts';
import { type Operation, operations } from './protocol.ts';
import { toText } from './text.ts';
import type { TimeLine } from './time-line.ts';

/** A command of an operator, from the page. */
export interface Order {
  readonly operation: Operation;
  readonly channel: string;
}

/** Reads a command; throws `SluiceError` `invalid-option` for anything else. */
export function parseOrder(json: string): Order {
  let order: unknown;
  try {
    order = JSON.parse(json);
  } catch {
    throw new SluiceError('invalid-option', 'a command must be JSON');
  }
  const { operation, channel } = (order ?? {}) as { operation?: unknown; channel?: unknown };
  const known = operations.find((name) => name === operation);
  if (known === undefined)
    throw new SluiceError('invalid-option', `operation must be ${operations.join(', ')}; got ${toText(operation)}`);
  if (typeof channel !== 'string') throw new SluiceError('invalid-option', 'channel must be the name of a channel');
  return { operation: known, channel };
}

/** What an operator works with. */
export interface OperatorOptions {
  readonly logger: Logger;
  /** Receives what a drained channel hands back; without it draining is refused, because the messages would be lost. */
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

  /** The permitted operations. */
  get operations(): readonly Operation[] {
    return operations.filter((operation) => operation !== 'drain' || this.#options.onDrained !== undefined);
  }

  /** Throws `SluiceError` for what the router refuses. The time line shows the end of what takes long. */
  carryOut({ operation, channel }: Order): void {
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

  #replay(channel: string): void {
    if (this.#replaying !== undefined)
      throw new SluiceError(
        'refused',
        `dead letters of ${this.#replaying} are being replayed: wait until that has ended`,
      );
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

  async #follow<Report>(
    channel: string,
    work: Promise<Report>,
    tell: (report: Report) => string | Promise<string>,
  ): Promise<void> {
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
