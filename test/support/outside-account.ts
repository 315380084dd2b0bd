import mitt from 'mitt';
import {
  type BatchContext,
  type ChannelReport,
  createRouter,
  type DataChannelRouter,
  type DrainReport,
  type LifeContext,
  type Logger,
  ProcessingChannel,
  type RouterBus,
  type RouterConfigInput,
} from '../../src/index.ts';
import { createSimulatedClock } from '../../src/testing/index.ts';

/** A function of the host that the router calls. */
export type Place =
  | 'constructor'
  | 'warmUp'
  | 'validate'
  | 'process'
  | 'event'
  | 'abort'
  | 'close'
  | 'advice'
  | 'key'
  | 'rule'
  | 'logger'
  | 'inspector';

interface Numbered {
  readonly n: number;
  readonly dataType: string;
  /** So many calls with it fail; Infinity: it is poison. */
  readonly failures: number;
  /** The first call with it never settles. */
  readonly hangs: boolean;
}

type Report = DrainReport | ChannelReport;

/**
 * Leads a router with three channels through everything that can happen to it, and keeps an account of its messages
 * that believes nothing but what a host sees: outcomes, calls of `process`, dead letters, gaps and reports. The channel
 * `direct` is called within `route`, `pool` has partitions and drops the oldest, and `broken` never gets warm.
 */
export class OutsideAccount {
  /** What to do inside a function of the host; it is given the name of a channel, where there is one. */
  readonly inside = new Map<Place, (channel: unknown) => void>();
  readonly #bus = mitt as unknown as typeof mitt.default;
  readonly #emitter = this.#bus<Record<string, unknown>>();
  readonly #clock = createSimulatedClock();
  readonly #accepted = new Set<number>();
  readonly #refused = new Set<number>();
  readonly #delivered: number[] = [];
  readonly #letters: number[] = [];
  #dropped = 0;
  readonly #tries = new Map<number, number>();
  readonly #reports = new Set<Promise<Report>>();
  readonly #router: DataChannelRouter;
  #routed = 0;
  #reloads = 0;

  constructor() {
    this.events.on('message.deadLettered', ({ channel, message }) => {
      if (channel !== null) this.#letters.push((message as Numbered).n);
    });
    this.events.on('message.dropped', ({ count }) => {
      this.#dropped += count;
    });
    this.events.on('event', ({ channel }) => this.#at('event', channel));
    const note = (): void => this.#at('logger');
    const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
    this.#router = createRouter({
      clock: this.#clock,
      random: () => 0.5,
      logger,
      events: this.#emitter,
      inspect: () => this.#at('inspector'),
      recognize: [
        (message) => {
          this.#at('rule');
          return (message as Partial<Numbered>).dataType;
        },
      ],
      config: this.#config(),
      channels: {
        direct: () => this.#channel('direct', 0),
        pool: () => this.#channel('pool', 2),
        broken: () => this.#channel('broken', 0),
      },
    });
  }

  get events(): RouterBus<{ channel: string }> {
    // The bus of the router, known before there is one.
    return this.#emitter as unknown as RouterBus<{ channel: string }>;
  }

  /** The channel that an order is given for. */
  nameOf(channel: unknown): string {
    const name = String(channel).replace(/\/\d+$/, '');
    return this.#router.channels.has(name) ? name : 'pool';
  }

  stop(): void {
    this.#reports.add(this.#router.stop({ deadlineMs: 40 }));
  }

  remove(name: string): void {
    const report = this.#router.remove(name, { deadlineMs: 40 });
    report.catch(() => {});
    this.#reports.add(report);
  }

  restart(name: string): void {
    this.#tried(() => this.#router.restart(name));
  }

  /** Opens its breaker, and closes it. */
  tripAndReset(name: string): void {
    this.#tried(() => this.#router.trip(name));
    this.#tried(() => this.#router.reset(name));
  }

  pauseAndFlush(name: string): void {
    this.#tried(() => this.#router.pause(name));
    this.#tried(() => this.#router.flush(name));
  }

  /** Each time with another value of a field that replaces `pool`. */
  reload(): void {
    this.#reloads += 1;
    this.#router.reconfigure(this.#config()).catch(() => {});
  }

  routeToAll(): void {
    for (const dataType of ['direct', 'pool', 'broken', 'nobody']) this.#route(dataType);
  }

  /** Everything happens at least once. */
  async live(): Promise<void> {
    const router = this.#router;
    router.start().catch(() => {});
    await this.#clock.advance(1);
    for (let n = 0; n < 4; n += 1) this.#route('direct', n % 2);
    for (let n = 0; n < 8; n += 1) this.#route('pool', n === 3 ? 1 : 0);
    this.routeToAll();
    await this.#clock.advance(40);
    this.#route('pool', Number.POSITIVE_INFINITY);
    this.#route('direct', Number.POSITIVE_INFINITY);
    for (let n = 0; n < 4; n += 1) this.#route(n % 2 === 0 ? 'direct' : 'pool');
    await this.#clock.advance(200);
    await this.#reloadWhilePaused();
    this.#tried(() => router.trip('pool'));
    this.#tried(() => router.resume('pool'));
    await this.#clock.advance(5);
    this.#tried(() => router.reset('pool'));
    this.restart('direct');
    router.reconfigure({ router: { sliceMs: -1 } }).catch(() => {});
    await this.#clock.advance(100);
    this.#route('pool', 0, true);
    await this.#clock.advance(1_100);
    for (let n = 0; n < 5; n += 1) this.#route('pool', 3);
    this.#route('direct', 1);
    await this.#clock.advance(3);
  }

  /** Stops the router; says what is wrong. */
  async end(): Promise<readonly string[]> {
    this.stop();
    const all = Promise.allSettled(this.#reports);
    await this.#clock.advance(1_000);
    const none = new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)));
    const settled = await Promise.race([all, none]);
    if (settled === undefined) return ['a report never came'];
    const reports = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const problems = [...this.#problemsOfReports(new Set(reports)), ...this.#problemsOfMessages(new Set(reports))];
    for (const { name, state } of this.#router.channels.values())
      if (state !== 'stopped') problems.push(`${name} is ${state} after stop`);
    const acceptedBefore = this.#accepted.size;
    this.routeToAll();
    if (this.#accepted.size > acceptedBefore) problems.push('a message was taken in after stop');
    return problems;
  }

  async #reloadWhilePaused(): Promise<void> {
    this.#tried(() => this.#router.pause('pool'));
    for (let n = 0; n < 18; n += 1) this.#route('pool');
    this.reload();
    await this.#clock.advance(20);
    for (let n = 0; n < 18; n += 1) this.#route('pool');
  }

  #problemsOfReports(reports: ReadonlySet<Report>): string[] {
    const wholes = [...reports].filter((report) => 'channels' in report);
    const problems = wholes.length === 1 ? [] : [`stop gave ${wholes.length} reports`];
    if (wholes.some(({ conserved }) => !conserved)) problems.push('the report of stop is not conserved');
    if (!this.#router.metrics().conserved) problems.push('the metrics are not conserved');
    return problems;
  }

  #problemsOfMessages(reports: ReadonlySet<Report>): string[] {
    const parts = [...reports].flatMap((report) => ('channels' in report ? Object.values(report.channels) : [report]));
    const back = parts.flatMap(({ returnedMessages, unsettledMessages }) => [
      ...returnedMessages,
      ...unsettledMessages,
    ]);
    const places = [...this.#delivered, ...this.#letters, ...back.map((message) => (message as Numbered).n)];
    const problems = [...new Set(places)].flatMap((n) => {
      const times = places.filter((each) => each === n).length;
      if (times > 1) return [`message ${n} is in ${times} places`];
      return this.#accepted.has(n) ? [] : [`message ${n} was refused, and is somewhere`];
    });
    const missing = [...this.#accepted].filter((n) => !places.includes(n)).length;
    if (missing !== this.#dropped) problems.push(`${missing} messages are gone, ${this.#dropped} were told as dropped`);
    if (this.#accepted.size + this.#refused.size !== this.#routed) problems.push('a door gave no answer');
    return problems;
  }

  #config(): RouterConfigInput {
    const breaker = { minimumCalls: 4, window: { count: 4 }, coolDownMs: 20, probes: 1 };
    const common = { retry: { attempts: 2, delayMs: 5 }, breaker, restart: { delayMs: 5, limit: 2 } };
    const partitionBy = (message: unknown): string => {
      const { n } = message as Numbered;
      this.#at('key', 'pool');
      if (n % 7 === 0) throw new Error('no key');
      return String(n % 2);
    };
    const limits = { batchSize: 3, timeoutMs: 5, capacity: 6, processTimeoutMs: 30, abandonAfterMs: 10 };
    return {
      channels: {
        direct: { ...common, priority: 1, batchSize: 1, capacity: 20 },
        pool: {
          ...common,
          ...limits,
          partitions: 2,
          partitionBy,
          overflow: 'drop-oldest',
          warmUpTimeoutMs: 1_000 + this.#reloads,
        },
        broken: common,
      },
    };
  }

  #at(place: Place, channel?: unknown): void {
    this.inside.get(place)?.(channel);
  }

  /** An order for a channel that may have been taken out. */
  #tried(order: () => void): void {
    try {
      order();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'unknown-channel') throw error;
    }
  }

  #route(dataType: string, failures = 0, hangs = false): void {
    this.#routed += 1;
    const message: Numbered = { n: this.#routed, dataType, failures, hangs };
    const { status } = this.#router.route(message);
    if (status === 'accepted') this.#accepted.add(message.n);
    else this.#refused.add(message.n);
  }

  #channel(name: string, processMs: number): ProcessingChannel<Numbered, number> {
    const account = this;
    class Channel extends ProcessingChannel<Numbered, number> {
      constructor() {
        super();
        account.#at('constructor', name);
      }
      override warmUp(): void {
        account.#at('warmUp', name);
        if (name === 'broken') throw new Error('it never gets warm');
      }
      override validate(message: unknown): Numbered {
        account.#at('validate', name);
        return message as Numbered;
      }
      override process(batch: readonly Numbered[], context: BatchContext<number>): void | Promise<void> {
        context.signal.addEventListener('abort', () => account.#at('abort', name));
        return processMs === 0 ? account.#process(name, batch, context) : account.#processSlowly(name, batch, context);
      }
      override close(_context: LifeContext<number>): void {
        account.#at('close', name);
      }
    }
    return new Channel();
  }

  /** An error whose advice is read by code of the host. */
  #refusal(name: string): Error {
    const advice = (): undefined => this.#at('advice', name) as undefined;
    return Object.defineProperty(new Error('the sink refuses it'), 'retryable', { get: advice });
  }

  async #processSlowly(name: string, batch: readonly Numbered[], context: BatchContext<number>): Promise<void> {
    await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, 2));
    const isFirst = ({ n }: Numbered): boolean => (this.#tries.get(n) ?? 0) === 0;
    if (batch.some((message) => message.hangs && isFirst(message))) {
      for (const { n } of batch) this.#tries.set(n, 1);
      await new Promise(() => {});
    }
    this.#process(name, batch, context);
  }

  #process(name: string, batch: readonly Numbered[], { emit, signal }: BatchContext<number>): void {
    for (const { n } of batch) this.#tries.set(n, (this.#tries.get(n) ?? 0) + 1);
    this.#at('process', name);
    emit(batch.length);
    if (signal.aborted) throw new Error('the call was abandoned');
    if (batch.some(({ failures, n }) => (this.#tries.get(n) ?? 0) <= failures)) throw this.#refusal(name);
    this.#delivered.push(...batch.map(({ n }) => n));
  }
}
