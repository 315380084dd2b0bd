import type { ActorRef, InspectionEvent, Snapshot } from 'xstate';
import { namedLayer } from '../../src/config/layers.ts';
import { resolve } from '../../src/config/parse.ts';
import {
  type BatchContext,
  createRandom,
  createRouter,
  type DataChannelRouter,
  type DrainReport,
  type LifeContext,
  type Logger,
  type Outcome,
  type RouterConfig,
  type RouterConfigInput,
  type RouterEvents,
} from '../../src/index.ts';
import { partsOf } from '../../src/router/router.ts';
import { checkConservation } from '../../src/testing/checkers.ts';
import { createSimulatedClock, type SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { Account, type SimulatedMessage, type SinkCall } from './account.ts';
import { isActing, withActingKeys } from './acting-hosts.ts';
import { chanceOf } from './chance.ts';
import { factText } from './fact-text.ts';
import { checkCallStart, isServing } from './laws-of-calls.ts';
import { checkClosed, checkOpened } from './laws-of-epochs.ts';
import { meter } from './metered-clock.ts';
import { isSettledIn, Outside, type Process, type Written } from './outside.ts';
import type { FactName, Mark, Operation, Place, Plan } from './plan.ts';
import { Record } from './record.ts';
import { SimulatedChannel, Sink } from './sink.ts';
import type { Stream } from './streams.ts';

/** The event types by which the shipped rules know a channel's messages; the others are routed by their data type. */
export const eventTypes: Readonly<{ [channel: string]: string }> = { tick: 'T', ohlcv: 'AM', fmv: 'FMV' };

/** What one partition was last seen doing. */
interface Partition {
  state: string;
  /** Until when it had a reason not to start a batch. */
  busyUntil: number;
}

interface Callbacks {
  listener: boolean;
  logger: boolean;
  inspector: boolean;
}

type AnyActor = Pick<ActorRef<Snapshot<unknown>, never>, 'id' | 'getSnapshot'>;

/** What a process that was killed leaves to the next one. */
export type Lasting = Pick<World, 'clock' | 'record' | 'outside' | 'lastId'>;

/** A router with everything around it simulated: clock, chance, sinks, messages, and those who watch from outside. */
export class World implements Process {
  readonly plan: Plan;
  readonly clock: SimulatedClock;
  readonly routerClock;
  readonly record: Record;
  readonly outside: Outside | undefined;
  readonly router: DataChannelRouter;
  /** The configuration as it was written last. */
  file: RouterConfigInput;
  readonly streams = new Set<Stream>();
  readonly accounts = new Map<string, Account>();
  /** Those of channels that are gone, too. */
  readonly everyAccount = new Set<Account>();
  /** Messages that no channel took in and that are dead letters. */
  readonly refusedLetters = new Set<number>();
  /** Whoever brought a message was told what became of it. */
  readonly answers: { readonly channel: string; readonly n: number; readonly isAccepted: boolean }[] = [];
  /** The process was killed: what it does happens nowhere. */
  isDead = false;
  lastId: number;
  readonly partitions = new Map<string, Partition>();
  /** Every actor that was ever started. */
  readonly actors = new Set<AnyActor>();
  /** Callbacks that throw at present. */
  readonly throwing: Callbacks = { listener: false, logger: false, inspector: false };
  /** Promises the router has given and not kept yet, by what was asked. */
  readonly promised = new Map<string, number>();
  /** What waits to be done from inside, by the place. */
  readonly inside = new Map<Place, Operation[]>();
  /** Does an operation; set by the run. */
  perform: (operation: Operation) => void = () => {};
  unroutable = 0;
  /** When the router was told to stop first, and by when. */
  stopping: { readonly at: number; readonly deadlineMs: number; readonly tripped: readonly string[] } | undefined;
  /** When the clock last jumped. */
  jumpedAt = Number.NEGATIVE_INFINITY;
  /** A key function stopped the router or took a channel out. */
  hasEndedInKey = false;
  /** When each channel was last made, and those that were not when their account was opened. */
  readonly #madeAt = new Map<string, number>();
  /** When the constructor of a channel threw last. */
  readonly #thrownAt = new Map<string, number>();
  readonly #unmade = new Set<string>();
  /** When a feed was last behind its time. */
  feedLateAt = Number.NEGATIVE_INFINITY;
  /** A sink has kept the processor: others may have to wait for their turn. */
  wasBusy = false;
  /** How long such a call took at the most; at priority 1 each message that it finds may be a call within it. */
  busyMsMax = 0;
  readonly #sinks = new Map<string, Sink>();
  readonly #dice;
  #facts = 0;
  #toldId: string | undefined;

  constructor(plan: Plan, before?: Lasting) {
    this.plan = plan;
    const clock = before?.clock ?? createSimulatedClock();
    this.clock = clock;
    this.routerClock = meter(clock);
    this.record = before?.record ?? new Record(() => clock.now());
    this.outside = before?.outside ?? (plan.outside && new Outside(plan.outside, clock, plan.seed));
    this.lastId = before?.lastId ?? 0;
    this.#dice = chanceOf(plan.seed, before === undefined ? 1 : 1e6 + this.lastId);
    const names = Object.keys(plan.config.channels ?? {});
    const { random } = chanceOf(plan.seed, 2);
    const isInside = isActing(plan.seed);
    this.file = isInside ? withActingKeys(plan.config, () => this.insideOf('key')) : plan.config;
    this.router = createRouter({
      config: this.written(this.file),
      ...(isInside && { recognize: { rules: [() => this.#rule()] } }),
      channels: Object.fromEntries(names.map((name) => [name, () => this.instance(name)])),
      ...(plan.outside && this.outside && sourceOptions(this, this.outside, plan.outside.window)),
      clock: this.routerClock,
      random: createRandom(Math.floor(random() * 2 ** 32)),
      logger: this.#logger(undefined),
      inspect: (event) => this.#inspected(event),
    });
    for (const name of names) this.opened(name);
    // What goes well is settled on a path of its own where no listener would hear of it.
    if (isInside || plan.seed % 2 === 0) this.router.events.on('*', (type, fact) => this.#told(type, fact));
    else partsOf(this.router).services.bus.tapAll((type, fact) => this.#told(type, fact));
    this.router.events.on('channel.entered', () => {
      if (!this.throwing.listener) return;
      this.record.struck('listener threw');
      throw new Error('a listener failed');
    });
  }

  instance(name: string): SimulatedChannel {
    const at = this.clock.now();
    try {
      const made = new SimulatedChannel(this, name, this.sink(name));
      if (this.#thrownAt.get(name) !== at) this.#madeAt.set(name, at);
      return made;
    } catch (error) {
      // That of one partition is enough, whatever the others have.
      this.#thrownAt.set(name, at);
      this.#madeAt.delete(name);
      throw error;
    }
  }

  /** A reload brought it back while its constructor threw: what it takes in nobody looked at, and some may be gone by then. */
  isBlind(name: string): boolean {
    return this.#unmade.has(name);
  }

  sink(name: string): Sink {
    const sink = this.#sinks.get(name) ?? new Sink();
    this.#sinks.set(name, sink);
    return sink;
  }

  get sinks(): Iterable<Sink> {
    return this.#sinks.values();
  }

  account(name: string): Account {
    const known = this.accounts.get(name);
    // A reload brings a channel back before anybody is told.
    const isAnother = known?.isGone === true && this.router.channels.has(name);
    return known === undefined || isAnother ? this.opened(name) : known;
  }

  /** A channel of this name begins: an account of its own, even if there was one before. */
  opened(name: string): Account {
    const account = new Account(name, this.router.config.channels[name] ?? {});
    this.accounts.set(name, account);
    this.everyAccount.add(account);
    if (this.#madeAt.get(name) === this.clock.now()) this.#unmade.delete(name);
    else this.#unmade.add(name);
    return account;
  }

  partition(id: string): Partition {
    const partition = this.partitions.get(id) ?? { state: 'new', busyUntil: 0 };
    this.partitions.set(id, partition);
    return partition;
  }

  /** Makes a message for a channel. */
  message(channel: string, keys: number, mark: Mark | null): SimulatedMessage {
    this.lastId += 1;
    return {
      ev: eventTypes[this.dataTypeOf(channel)] ?? '',
      sym: `K${this.#dice.whole(1, keys)}`,
      n: this.lastId,
      mark,
    };
  }

  /** Several channels may share one. */
  dataTypeOf(channel: string): string {
    return this.router.config.channels[channel]?.dataType ?? channel;
  }

  /** Makes a message for one of the channels whose messages are known by themselves. */
  messageForAny(): SimulatedMessage {
    const known = [...this.router.channels.keys()].filter((name) => this.dataTypeOf(name) in eventTypes);
    return this.message(known.length === 0 ? 'tick' : this.#dice.of(known), 5, null);
  }

  /** A configuration that is read from a file, under what code says; without that, as code gives it. */
  written(file: RouterConfigInput): RouterConfigInput | RouterConfig {
    const { overrides } = this.plan;
    if (overrides === undefined) return file;
    const read = { value: file, place: () => ({ file: 'sluice.yaml' }) };
    return resolve({ layers: [read, namedLayer(overrides, 'overrides')], mistakes: [] });
  }

  read(written: Written, from: SimulatedMessage['from']): SimulatedMessage {
    this.lastId += 1;
    return { ...written, n: this.lastId, ...(from && { from }) };
  }

  isSettled({ n }: SimulatedMessage): boolean {
    return isSettledIn(this.everyAccount, this.refusedLetters, n);
  }

  /** False: it was not taken in. */
  route(channel: string, keys: number, mark: Mark | null): boolean {
    if (this.isDead) return false;
    const message = this.message(channel, keys, mark);
    const account = this.account(channel);
    const dataType = this.dataTypeOf(channel);
    const outcome = this.router.route(message, dataType in eventTypes ? {} : { dataType });
    this.answered(account, message, outcome);
    return outcome.status === 'accepted';
  }

  /** The router has said what becomes of a message. */
  answered(account: Account, message: SimulatedMessage, outcome: Outcome): void {
    const { n } = message;
    const fate = account.fates.get(n);
    if (fate !== undefined) fate.isAnswered = true;
    this.answers.push({ channel: account.name, n, isAccepted: outcome.status === 'accepted' });
  }

  /** `process` was entered. */
  callStarted(
    name: string,
    id: string | undefined,
    batch: readonly SimulatedMessage[],
    context: BatchContext<{ readonly n: number }>,
  ): SinkCall {
    const { attempt, trigger } = context;
    const call: SinkCall = {
      id: id ?? name,
      startedAt: this.clock.now(),
      batch,
      attempt,
      trigger,
      named: new Set(),
      isSuccess: undefined,
      endedAt: Number.POSITIVE_INFINITY,
      isVoid: false,
    };
    const account = this.account(name);
    this.record.arrow(call.id, `${name} sink`, `${batch.map(({ n }) => n).join(',')} attempt ${attempt} (${trigger})`);
    this.record.check('calls', checkCallStart(this, account, call, context));
    this.record.check('order', account.offered(call));
    return call;
  }

  callEnded(name: string, call: SinkCall, error: Error | undefined): void {
    if (this.isDead) return;
    const account = this.account(name);
    call.isSuccess = error === undefined;
    call.endedAt = this.clock.now();
    if (call.isVoid) this.record.struck('late outcome');
    this.record.arrow(`${name} sink`, call.id, `${call.isVoid ? 'late ' : ''}${error?.message ?? 'done'}`);
    this.partition(call.id).busyUntil = this.clock.now();
    this.record.check('order', account.ended(call, error !== undefined && 'retryable' in error));
  }

  /** Which partition an instance serves: its logger knows. */
  idOf({ logger }: LifeContext): string | undefined {
    this.#toldId = undefined;
    logger.debug({}, WHO_AM_I);
    return this.#toldId;
  }

  /** Does what a plan wants done at such a moment. */
  insideOf(place: Place, call?: SinkCall): void {
    const operation = this.inside.get(place)?.shift();
    if (operation === undefined) return;
    this.record.struck(`operator inside ${place}`);
    if (place === 'key' && (operation.kind === 'stop' || operation.kind === 'remove')) this.hasEndedInKey = true;
    this.record.arrow('operator', 'router', `inside ${place}: ${JSON.stringify(operation)}`);
    // A message that is at the door when others are routed from there comes after them.
    for (const { fates } of this.accounts.values())
      for (const fate of fates.values())
        if (!fate.isAnswered && fate.acceptedAt === this.clock.now()) fate.isExcused = true;
    this.perform(operation);
    // A host that restarts the channel from inside its own call gives that call up.
    if (call !== undefined && this.#inFlight(call.id) === 0) call.isVoid = true;
  }

  #inFlight(id: string): number | undefined {
    const partitions = this.router.channels.get(id.replace(/\/\d+$/, ''))?.partitions;
    return partitions?.find((partition) => partition.id === id)?.inFlight;
  }

  /** Again, it returns the same report. */
  stop(deadlineMs: number): Promise<DrainReport> {
    const isTripped = (name: string): boolean => this.router.explain(name).state === 'tripped';
    this.stopping ??= { at: this.clock.now(), deadlineMs, tripped: [...this.router.channels.keys()].filter(isTripped) };
    return this.router.stop({ deadlineMs });
  }

  #rule(): undefined {
    this.insideOf('rule');
  }

  #told(type: keyof RouterEvents, fact: unknown): void {
    // An inspector or logger that throws is told of for each line and each transition.
    if (type === 'event' || type === 'callback.failed' || this.isDead) return;
    this.record.log(`fact ${type} ${factText(fact)}`);
    // A bus gives each listener the fact of the type it names.
    this.#note(type, fact as never);
    this.#facts += 1;
    if (this.#facts % FACTS_PER_LOOK === 0)
      this.record.check('conservation, inside a listener', checkConservation(this.router.metrics()));
    this.insideOf(type);
  }

  #note<Type extends FactName>(type: Type, fact: RouterEvents[Type]): void {
    // The one type parameter ties the two together, which a switch cannot see.
    const told = { type, fact } as { [Name in FactName]: { type: Name; fact: RouterEvents[Name] } }[FactName];
    if (told.type === 'channel.entered') this.#entered(told.fact);
    else if (told.type === 'message.deadLettered') this.#deadLettered(told.fact);
    else if (told.type === 'message.rejected') this.#rejected(told.fact);
    else if (told.type === 'message.dropped') {
      const { channel, count, key, reason } = told.fact;
      const account = this.account(channel);
      account.lost += count;
      account.lostByKey.set(key, (account.lostByKey.get(key) ?? 0) + count);
      this.record.struck(reason);
    } else if (told.type === 'breaker.opened') {
      this.record.struck('breaker opened');
      this.record.arrow(told.fact.channel, 'host', `breaker opened: ${told.fact.cause}`);
      const account = this.account(told.fact.channel);
      this.record.check('epochs', checkOpened(account, told.fact.cause, this.clock.now()));
      account.openedAt = this.clock.now();
    } else if (told.type === 'breaker.closed') {
      const account = this.account(told.fact.channel);
      this.record.check('epochs', checkClosed(account, told.fact.cause));
      account.openedAt = Number.POSITIVE_INFINITY;
    } else if (told.type === 'channel.restarted') this.record.struck('restarted');
    else if (told.type === 'channel.gaveUp') this.record.struck('given up');
    else if (told.type === 'config.applied') this.#reloaded();
    else if (told.type === 'source.entered') this.record.struck(`source ${told.fact.to}: ${told.fact.cause}`);
  }

  #entered({ channel: id, from, to, cause }: RouterEvents['channel.entered']): void {
    this.record.arrow(id, id, `${from} to ${to} (${cause})`);
    const partition = this.partition(id);
    if (!isServing(partition.state)) partition.busyUntil = this.clock.now();
    partition.state = to;
    if (to !== 'failed' && to !== 'stopped') return;
    for (const call of this.account(id.replace(/\/\d+$/, '')).running) if (call.id === id) call.isVoid = true;
  }

  #deadLettered({ channel, message, reason }: RouterEvents['message.deadLettered']): void {
    this.record.struck(`dead letter: ${reason}`);
    // The simulation sends nothing else.
    const { n } = message as SimulatedMessage;
    if (channel === null || reason === 'invalid' || reason === 'crashed') {
      this.refusedLetters.add(n);
      return;
    }
    // A letter may be written when another channel has the name.
    const isOf = ({ fates, name }: Account): boolean => name === channel && fates.has(n);
    const account = [...this.everyAccount].find(isOf) ?? this.account(channel);
    account.deadLettered += 1;
    const fate = account.fates.get(n);
    if (fate !== undefined) fate.dead += 1;
  }

  #rejected({ channel, message, reason }: RouterEvents['message.rejected']): void {
    this.record.struck(`rejected: ${reason}`);
    if (channel === null) this.unroutable += 1;
    else this.account(channel).rejected += 1;
    // Of the channels that share a data type all take a message in, or none does. The simulation sends nothing else.
    const simulated = message as SimulatedMessage;
    // In memory there are letters of some of them only.
    if ((channel === null || reason === 'invalid') && this.outside?.store === undefined)
      this.refusedLetters.add(simulated.n);
    if (reason !== 'invalid') for (const account of this.accounts.values()) account.refused(simulated);
  }

  /** New limits hold; a channel may also have come back. */
  #reloaded(): void {
    this.record.struck('reloaded');
    for (const [name, config] of Object.entries(this.router.config.channels)) {
      const known: Account | undefined = this.accounts.get(name);
      if (known === undefined || known.isGone) this.opened(name);
      else {
        if (JSON.stringify(known.config) !== JSON.stringify(config)) known.wasReloaded = true;
        if (known.config.partitions !== config.partitions || known.config.partitionBy !== config.partitionBy)
          known.wasRepartitioned = true;
        known.configured(config);
      }
    }
  }

  #logger(channel: string | undefined): Logger {
    const write = (_fields: object, text: string): void => {
      if (this.isDead) return;
      if (text === WHO_AM_I) {
        this.#toldId = channel;
        return;
      }
      this.insideOf('logger');
      if (this.throwing.logger) {
        this.record.struck('logger threw');
        throw new Error('the log is full');
      }
    };
    const child = ({ channel: id }: { readonly channel?: unknown }): Logger => this.#logger(String(id));
    return { debug: write, info: write, warn: write, error: write, child };
  }

  #inspected(event: InspectionEvent): void {
    // Whether an actor outlives its router is all that is asked. One that was only made, and left in the same step, has
    // never run and does not count; one that is started gets an event.
    if (event.type === '@xstate.event') this.actors.add(event.actorRef as unknown as AnyActor);
    if (!this.throwing.inspector) return;
    this.record.struck('inspector threw');
    throw new Error('the inspector failed');
  }
}

/** What its router reads, and where its dead letters go. */
function sourceOptions(world: World, outside: Outside, frames: number) {
  const source = { source: outside.seenBy(world), window: { frames } };
  return { sources: { [FEED]: source }, deadLetters: { store: outside.store ?? ('memory' as const) } };
}

/** The name of the source. */
export const FEED = 'feed';
/** A look at everything takes as long as a hundred messages. */
const FACTS_PER_LOOK = 64;
const WHO_AM_I = 'who am I?';
