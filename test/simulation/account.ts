import type { ChannelInput } from './channel-configs.ts';
import type { Mark } from './plan.ts';

/** A message of the simulation: `n` tells it apart. */
export interface SimulatedMessage {
  readonly ev: string;
  readonly sym: string;
  readonly n: number;
  readonly mark: Mark | null;
  /** Of a message of the source: its place, the same each time it is read, and the stay it was read in. */
  readonly from?: { readonly place: string; readonly stay: string };
}

/** One call of `process`, as its sink sees it. */
export interface SinkCall {
  readonly id: string;
  readonly startedAt: number;
  readonly batch: readonly SimulatedMessage[];
  readonly attempt: number;
  readonly trigger: string;
  readonly named: Set<number>;
  /** Undefined: it has not settled. */
  isSuccess: boolean | undefined;
  endedAt: number;
  /** Its life was over before it settled: what it says counts no more. */
  isVoid: boolean;
}

/** What became of one message, as far as anybody outside was told. */
export interface Fate {
  readonly message: SimulatedMessage;
  /** When its channel's door saw it, and as which of all. */
  readonly acceptedAt: number;
  readonly order: number;
  /** Taken in, unless it is said to be rejected: a message that was seen at the door may still find no room. */
  isAccepted: boolean;
  /** Whoever brought it was told. */
  isAnswered: boolean;
  isOffered: boolean;
  delivered: number;
  dead: number;
  returned: number;
  unsettled: number;
  /** Its batch used up its attempts: from now on it may be tried alone. */
  isSplit: boolean;
  /** It was named as failed, or set aside as a suspect: order does not bind it any more. */
  isExcused: boolean;
}

/** So many messages may fail in a row before that is held against the sink: settlement.ts. */
const POISON_ROW_MAX = 10;

/** What is known from outside of one channel, from its start (or from being added) to its end. */
export class Account {
  readonly name: string;
  /** Messages that its door saw and nobody said to be rejected, and those that were. */
  accepted = 0;
  rejected = 0;
  /** Messages of calls that ended well in time, but those they named. */
  delivered = 0;
  deadLettered = 0;
  lost = 0;
  readonly lostByKey = new Map<string, number>();
  readonly fates = new Map<number, Fate>();
  /** All its calls that have not settled, and those that ended within the last while. */
  calls: SinkCall[] = [];
  /** Letters were replayed into it: nobody outside was told of each. */
  hasReplays = false;
  /** A reload changed its limits, or its partitions. */
  wasReloaded = false;
  wasRepartitioned = false;
  isGone = false;
  /** The widest limits it ever had. */
  capacityMax = 0;
  batchSizeMax = 0;
  partitionsMax = 0;
  timeoutMsMax = 0;
  attemptsMin = Number.POSITIVE_INFINITY;
  isolates = true;
  /** Its mailbox may have dropped or conflated messages. */
  isLossy = false;
  /** Order is promised: all partitions were chosen by key, all the time. */
  isOrdered = true;
  /** When `process` was last entered. */
  calledAt = Number.NEGATIVE_INFINITY;
  /** When its breaker last opened; Infinity while it is closed. */
  openedAt = Number.POSITIVE_INFINITY;
  config: ChannelInput = {};
  /** The message of each stay of the source that its door saw last. */
  readonly #readUpTo = new Map<string, number>();
  readonly #offeredUpTo = new Map<string, number>();
  readonly #deliveredUpTo = new Map<string, number>();
  #seen = 0;

  constructor(name: string, config: ChannelInput) {
    this.name = name;
    this.configured(config);
  }

  /** It has these limits from now on. */
  configured(config: ChannelInput): void {
    const {
      capacity = 0,
      batchSize = 0,
      partitions = 1,
      timeoutMs = 0,
      retry = {},
      partitionBy = 'sym',
      isolate = true,
      overflow = 'reject',
    } = config;
    this.config = config;
    this.capacityMax = Math.max(this.capacityMax, capacity);
    this.batchSizeMax = Math.max(this.batchSizeMax, batchSize);
    this.partitionsMax = Math.max(this.partitionsMax, partitions);
    this.timeoutMsMax = Math.max(this.timeoutMsMax, timeoutMs);
    this.attemptsMin = Math.min(this.attemptsMin, retry.attempts ?? 1);
    if (!isolate) this.isolates = false;
    if (overflow !== 'reject') this.isLossy = true;
    if (partitions > 1 && partitionBy !== 'sym' && typeof partitionBy !== 'function') this.isOrdered = false;
  }

  /** The channel's door sees a message: this is the moment that decides the order, unless it is said to come late. */
  seen(message: SimulatedMessage, at: number, isLate: boolean): readonly string[] {
    const { from, n } = message;
    if (this.fates.get(n)?.isAccepted) return [];
    this.accepted += 1;
    this.fates.set(n, {
      message,
      acceptedAt: at,
      order: this.#seen++,
      isAccepted: true,
      isAnswered: false,
      isOffered: false,
      delivered: 0,
      dead: 0,
      returned: 0,
      unsettled: 0,
      isSplit: false,
      isExcused: false,
    });
    if (from === undefined || isLate) return [];
    const last = this.#readUpTo.get(from.stay) ?? 0;
    this.#readUpTo.set(from.stay, Math.max(last, n));
    return n >= last ? [] : [`${this.name}: message ${n} of ${from.place} came after a later one of its partition`];
  }

  /** A message is said to be rejected, by this channel or another one of its data type. */
  refused({ n }: SimulatedMessage): void {
    const fate = this.fates.get(n);
    if (fate === undefined || !fate.isAccepted || fate.isOffered) return;
    fate.isAccepted = false;
    this.accepted -= 1;
  }

  /** Calls that hold messages now. */
  get running(): readonly SinkCall[] {
    return this.calls.filter((call) => call.isSuccess === undefined && !call.isVoid);
  }

  get inFlight(): number {
    return this.running.reduce((sum, { batch }) => sum + batch.length, 0);
  }

  /** A batch is handed over; a message that comes for the first time after a younger one of its key is out of order. */
  offered(call: SinkCall): readonly string[] {
    this.calls.push(call);
    this.calledAt = call.startedAt;
    return call.batch.flatMap((message) => {
      const { n } = message;
      // A letter of a process that was killed.
      if (this.hasReplays && !this.fates.has(n)) this.seen(message, call.startedAt, true);
      const fate = this.fates.get(n);
      if (fate === undefined) return [`${this.name}: process got message ${n}, which its door has never seen`];
      if (fate.isOffered) return [];
      fate.isOffered = true;
      return this.#inOrder(this.#offeredUpTo, fate, 'handed over');
    });
  }

  /** A call ended: notes what was delivered and who is excused from order. */
  ended(call: SinkCall, hasAdvice: boolean): readonly string[] {
    const problems: string[] = [];
    const isExhausted = call.isSuccess !== true && (hasAdvice || call.attempt >= this.attemptsMin);
    for (const [index, { n }] of call.batch.entries()) {
      const fate = this.fates.get(n);
      if (fate === undefined) continue;
      const isAlone = call.isSuccess !== true && (call.batch.length === 1 || !this.isolates);
      if (call.named.has(index) || (isAlone && (isExhausted || fate.isSplit))) fate.isExcused = true;
      if (isExhausted) fate.isSplit = true;
      if (call.isVoid || call.isSuccess !== true || call.named.has(index)) continue;
      this.delivered += 1;
      fate.delivered += 1;
      problems.push(...this.#inOrder(this.#deliveredUpTo, fate, 'delivered'));
    }
    return problems;
  }

  /** Evidence against its poison comes from its own traffic: no other partition or channel moves its breaker. */
  get isAlone(): boolean {
    const { breaker } = this.config;
    return this.partitionsMax === 1 && (breaker === undefined || breaker === false || breaker.shared === undefined);
  }

  /**
   * So many may wait for ever: poison, and without `isolate` whatever shares a batch with it. More than ten failures in a
   * row are the fault of the sink, whatever the messages say: every third message can be every message of one partition.
   */
  mayHold(waiting: number): boolean {
    const poison = [...this.fates.values()].filter((fate) => this.#isOpenPoison(fate)).length;
    return this.isolates && (this.isAlone || poison <= POISON_ROW_MAX) ? waiting <= poison : poison > 0;
  }

  #isOpenPoison({ message, isAccepted, delivered, dead }: Fate): boolean {
    return message.mark === 'poison' && isAccepted && (this.hasReplays || delivered + dead === 0);
  }

  /** Forgets calls nobody asks about any more; those since the breaker opened decide when it may close. */
  forget(at: number): void {
    const before = Math.min(at, this.openedAt);
    this.calls = this.calls.filter((call) => call.isSuccess === undefined || call.endedAt >= before);
  }

  #inOrder(upTo: Map<string, number>, fate: Fate, verb: string): readonly string[] {
    const { message, order, isExcused } = fate;
    const last = upTo.get(message.sym) ?? -1;
    upTo.set(message.sym, Math.max(last, order));
    if (order > last || isExcused || !this.isOrdered || this.hasReplays) return [];
    return [`${this.name}: message ${message.n} of key ${message.sym} was ${verb} after a younger one of its key`];
  }
}
