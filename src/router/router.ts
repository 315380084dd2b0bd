import type { Writable } from 'node:stream';
import type { ChannelSource, RulesInputOf } from '../channel/channel-source.ts';
import { refuse } from '../channel/copies.ts';
import type { Partition } from '../channel/partition.ts';
import type { ConfigChange } from '../config/diff.ts';
import { checkOptions, throwIfAborted } from '../config/options.ts';
import type { RouterConfig, RouterConfigInput } from '../config/schema.ts';
import type { Outcome } from '../core/outcome.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Alert, AnyEmitted, RouterBus } from '../facts/events.ts';
import { type ChannelInfo, channelInfo, channelInfos } from '../report/channel-info.ts';
import type { ChannelReport, DrainReport } from '../report/drain-report.ts';
import type { Explanation } from '../report/explain.ts';
import type { RouterHealth } from '../report/health.ts';
import { type RouterMetrics, routerMetrics } from '../report/metrics.ts';
import { routerHealth } from '../report/router-health.ts';
import { type SourceInfo, sourceInfos } from '../report/source-info.ts';
import type { ChannelEntry } from './channel-entry.ts';
import { type ConsumeCount, consume, type Source } from './consume.ts';
import { createWritable } from './create-writable.ts';
import { DeadLetterDesk } from './dead-letter-desk.ts';
import { type DeliveryOutcomeOf, deliver } from './deliver.ts';
import { FeedDesk } from './feed-desk.ts';
import { coolDownOf } from './given.ts';
import { type OfferOptions, offerOptions, type RouteAllReport, type RouteOptions, routeOptions } from './intake.ts';
import { MixedStream } from './mixed-stream.ts';
import { assertFree, channelNamed, explainNamed } from './named.ts';
import { addChannel, type RouterParts, removeByHand, viewOf, whyNotRunning } from './parts.ts';
import { Reloads, type WatchOptions, watchOptions } from './reload.ts';
import { publishStates, type RouterActor, startActor, stateOf } from './router-actor.ts';
import type { ChannelInput } from './router-options.ts';
import { deadlineOf, type StopOptions, stopRouter } from './shutdown.ts';

/** The parts of a router, for what belongs to this package; hosts have its public face. */
export let partsOf: (router: Pick<DataChannelRouter, 'actor'>) => RouterParts;

/** So many frozen options are known to be right. */
const CHECKED_MAX = 64;

/** Routes messages to channels, and answers for each of them. Made by `createRouter`, or `routerOf` a host's actor. */
export class DataChannelRouter<Emits = AnyEmitted> {
  /** The router's actor, the root of its system or part of the host's. */
  readonly actor: RouterActor;
  /** The bus: what channels emit as `event`, and the facts of the router. */
  readonly events: RouterBus<Emits>;
  /** Messages that could not be routed or processed. */
  readonly deadLetters: DeadLetterDesk;
  /** Connections to services of market data: `add` gives the router a feed of `sluice/feeds`. */
  readonly feeds: FeedDesk;
  readonly #parts: RouterParts;
  readonly #reloads: Reloads;
  readonly #checked: RouteOptions[] = [];
  #stopped: Promise<DrainReport> | undefined;

  static {
    partsOf = (router) =>
      router instanceof Object && #parts in router ? router.#parts : refuse(router, 'a router of createRouter');
  }

  constructor(parts: RouterParts, actor: RouterActor) {
    this.#parts = parts;
    this.actor = actor;
    // The same bus, known by what these channels emit: only their own slots publish `event` on it.
    this.events = parts.services.bus.emitter as unknown as RouterBus<Emits>;
    this.deadLetters = new DeadLetterDesk(parts);
    this.feeds = new FeedDesk(parts, () => this.state);
    this.#reloads = new Reloads(parts);
    publishStates(actor, parts.services.bus);
  }

  /** The configuration in force, every field filled in. */
  get config(): RouterConfig {
    return this.#parts.definitions.config;
  }

  /** The channels by name: a reading of this moment. */
  get channels(): ReadonlyMap<string, ChannelInfo> {
    return channelInfos(this.#parts.fleet.channels, this.#now);
  }

  /** Which channels serve which data type: a reading of this moment. */
  get registry(): ReadonlyMap<string, readonly ChannelInfo[]> {
    const byType = [...this.#parts.destinations.all];
    return new Map(
      byType.map(([dataType, channels]) => [dataType, channels.map((each) => channelInfo(each, this.#now))]),
    );
  }

  /** The sources by name: a reading of this moment. */
  get sources(): ReadonlyMap<string, SourceInfo> {
    return sourceInfos(this.#parts.sources.all, this.#now);
  }

  /** The state of the router itself: starting, running, degraded, stopping, stopped or failed. */
  get state(): string {
    const { isLaunched, isStopping } = this.#parts.fleet;
    // An actor that was never started does not note that it was stopped.
    return isStopping && !isLaunched ? 'stopped' : stateOf(this.actor);
  }

  /**
   * Starts every channel; resolves when each has warmed up or failed for the first time. A failed one is the
   * supervisor's business, and shows in `health`. Throws `SluiceError` `not-running` when the router was stopped.
   */
  async start(): Promise<void> {
    if (this.#stopped !== undefined)
      throw new SluiceError('not-running', 'a router that was stopped cannot start again');
    await startActor(this.actor, this.#parts.services.bus);
  }

  /** Takes one message in, or says why not. Synchronous; never throws because of a message. */
  route(message: unknown, options?: RouteOptions): Outcome {
    return options === undefined ? this.#route(message) : this.#routeAs(message, options);
  }

  #routeAs(message: unknown, options: RouteOptions): Outcome {
    // A feed gives the same objects again and again, one for each data type.
    if (!this.#checked.includes(options)) this.#check(options);
    return this.#route(message, options.dataType);
  }

  #check(options: RouteOptions): void {
    checkOptions('route', options, routeOptions);
    if (Object.isFrozen(options) && this.#checked.length < CHECKED_MAX) this.#checked.push(options);
  }

  #route(message: unknown, dataType?: string): Outcome {
    try {
      return this.#parts.intake.route(message, dataType);
    } catch (error) {
      // Only a stack overflow comes here.
      if (error instanceof RangeError) this.#parts.fleet.overflowed();
      throw error;
    }
  }

  /** Routes each of several messages, as feeds send them in arrays; says which were refused. */
  routeAll(messages: Iterable<unknown>, options?: RouteOptions): RouteAllReport {
    if (options !== undefined) checkOptions('routeAll', options, routeOptions);
    try {
      return this.#parts.intake.routeAll(messages, options?.dataType);
    } catch (error) {
      // That of the iterable, or a stack overflow.
      if (error instanceof RangeError) this.#parts.fleet.overflowed();
      throw error;
    }
  }

  /** As `route`, but waits while the mailbox is full; `mailbox-full` when `waitingMax` wait already. */
  async offer(message: unknown, options: OfferOptions = {}): Promise<Outcome> {
    checkOptions('offer', options, offerOptions);
    throwIfAborted(options.signal);
    try {
      return await this.#parts.intake.offerInTurn(message, options);
    } catch (error) {
      if (error instanceof RangeError) this.#parts.fleet.overflowed();
      throw error;
    }
  }

  /**
   * As `offer`, but resolves when nothing more will happen to the message, with what became of it; of a list, to each in
   * order. That may take as long as the sink is down. An abort takes back what still waits for room.
   */
  async deliver<Message>(message: Message, options: OfferOptions = {}): Promise<DeliveryOutcomeOf<Message>> {
    checkOptions('deliver', options, offerOptions);
    const { intake } = this.#parts;
    const list = intake.messagesIn(message, options.dataType);
    const outcomes = await deliver(intake, list ?? [message], options);
    // The compiler does not see that a list was asked for its list of outcomes.
    return (list === undefined ? outcomes[0] : outcomes) as DeliveryOutcomeOf<Message>;
  }

  /**
   * Takes in all a source has; an element may be a message or a list of them. While messages of one channel wait for room,
   * those of the others pass. Ends with the source, the signal or `stop`. Rejects with `not-running` if the router does not run.
   */
  async consume(source: Source, options: OfferOptions = {}): Promise<ConsumeCount> {
    checkOptions('consume', options, offerOptions);
    const { fleet, intake } = this.#parts;
    const why = whyNotRunning(this.#parts);
    if (why !== undefined) throw new SluiceError('not-running', `consume: the router ${why}`);
    return consume(source, new MixedStream(intake, options), [options.signal, fleet.ended]);
  }

  /** A Node stream in object mode that takes in what is written to it, as `consume` does. It fails when the router stops. */
  writable(options: RouteOptions = {}): Writable {
    checkOptions('writable', options, routeOptions);
    return createWritable(new MixedStream(this.#parts.intake, options), this.#parts);
  }

  /** Everything measured, as a plain snapshot. */
  metrics(): RouterMetrics {
    return routerMetrics(viewOf(this.#parts));
  }

  /** Health derived from the states and the alerts, shaped for liveness and readiness probes. */
  health(): RouterHealth {
    return routerHealth(viewOf(this.#parts), this.state);
  }

  /** Why a channel delivers or not, a source is read or not, a feed brings messages or not: one object, and the same in plain English. */
  explain(name: string): Explanation {
    return explainNamed(this.#parts, name);
  }

  /** What is wrong now, oldest first; each alert is published as `alert.raised` and `alert.cleared`. */
  get alerts(): readonly Alert[] {
    return this.#parts.raised.all;
  }

  /**
   * Writes everything that the recorder holds and resolves with the names of the files. Rejects with `SluiceError`
   * `refused` if they cannot be written, or if the router was made without the option `recorder`.
   */
  writeRecord(reason = 'the host asked for it'): Promise<readonly string[]> {
    const refused = new SluiceError('refused', 'nothing is recorded: the router was made without the option recorder');
    return this.#parts.recorder?.write(reason) ?? Promise.reject(refused);
  }

  /** Registers another channel, while running too. Throws `SluiceError` when its name is taken. */
  add<Source extends ChannelSource>(
    name: string,
    channel: Source,
    config: ChannelInput<RulesInputOf<Source>> = {},
  ): void {
    // A caller without types may give anything.
    if (typeof name !== 'string') throw new SluiceError('invalid-option', 'add: the name must be a string');
    const isFree = (): void => assertFree(this.#parts, name, this.state);
    isFree();
    const { definitions, services } = this.#parts;
    services.bus.changes.during(() => addChannel(this.#parts, name, definitions.add(name, channel, config, isFree)));
  }

  /**
   * Takes a channel out: nothing more is routed to it, it drains, and its report is returned; that of `stop` leaves it out.
   * Rejects with `not-running` while `stop` is under way or when it is over: its messages are in that report.
   */
  async remove(name: string, options: StopOptions = {}): Promise<ChannelReport> {
    const drainAt = this.#now + deadlineOf('remove', options);
    const channel = channelNamed(this.#parts, name);
    this.#reloads.takesOut(name);
    const { channels } = this.#parts.fleet;
    // A change that is under way may put another in its place.
    const carryOut = () => removeByHand(this.#parts, channels.get(name) ?? channel, drainAt);
    return this.#parts.services.bus.changes.order(carryOut);
  }

  /**
   * Puts another configuration in force, all or nothing, without losing a message, a count or the breakers' history;
   * says what changed, and how many messages are in a channel that is taken out. What that does not deliver within 5 s is
   * held for a minute (`messages.held`), in case that a channel of its name comes back, and then becomes dead letters
   * `removed`. Rejects with `SluiceError` and every mistake; then the old one stays in force.
   */
  reconfigure(config: RouterConfigInput | RouterConfig): Promise<readonly ConfigChange[]> {
    return this.#reloads.reconfigure(config);
  }

  /**
   * Reconfigures from a file when the watch begins, and after each change, also behind a link; what code said wins over it.
   * The file is read once it is at rest. A file with mistakes, or none, or one that leaves out a channel with messages,
   * changes nothing and raises the alert `config-rejected`. Ends with the returned function, or with `stop`.
   */
  watch(file: string, options: WatchOptions = {}): () => Promise<void> {
    checkOptions('watch', options, watchOptions);
    return this.#reloads.watch(file, options);
  }

  /**
   * Opens the breaker of a channel by hand, until its cool-down is over and probes succeed, or until `reset`.
   * `coolDownMs`: how long it stays open at least; Infinity: until `reset`. Default: the usual cool-down.
   */
  trip(name: string, options: { readonly coolDownMs?: number } = {}): void {
    const coolDownMs = coolDownOf(options);
    this.#withBreaker(name, ({ breaker }) => breaker?.trip(coolDownMs));
  }

  /** Closes the breaker of a channel by hand, forgets its history, and ends every wait for another attempt. */
  reset(name: string): void {
    this.#withBreaker(name, ({ breaker, partitions }) => {
      for (const partition of partitions) partition.endWaits();
      breaker?.reset();
    });
  }

  /** Holds a channel, or all: it takes messages in and delivers none, until `resume`. */
  pause(name?: string): void {
    this.#withPartitions(name, (partition) => partition.pause(true));
  }

  resume(name?: string): void {
    this.#withPartitions(name, (partition) => partition.pause(false));
  }

  /** Makes everything that waits in a channel, or in all, due now, and ends every wait for another attempt or a probe. */
  flush(name?: string): void {
    this.#withPartitions(name, (partition) => partition.flush());
  }

  /**
   * Starts a channel anew, even if it was given up: what is in flight is abandoned and delivered again. A source is
   * started if it waits for that or was given up; a feed connects anew.
   */
  restart(name: string): void {
    const source = this.#parts.sources.all.get(name);
    if (source !== undefined) return this.#parts.services.bus.changes.carryOut(() => source.restart());
    const fed = this.#parts.feeds.all.get(name);
    if (fed !== undefined) return this.#parts.services.bus.changes.carryOut(() => fed.feed.reconnect());
    this.#withPartitions(name, (partition) => this.#parts.fleet.restartByHand(partition));
  }

  /**
   * Stops intake, drains all channels under one deadline and ends the router. Always settles, by the deadline plus a
   * fraction of a second, with a report that accounts for every message. Called again, it returns the same report.
   */
  stop(options: StopOptions = {}): Promise<DrainReport> {
    const deadlineMs = deadlineOf('stop', options);
    this.#reloads.unwatch();
    this.#stopped ??= this.#parts.services.bus.changes.order(() => stopRouter(this.#parts, this.actor, deadlineMs));
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #now(): number {
    return this.#parts.services.clock.now();
  }

  #withBreaker(name: string, order: (channel: ChannelEntry) => void): void {
    if (channelNamed(this.#parts, name).breaker === undefined)
      throw new SluiceError('refused', `channel '${name}' has no breaker: its configuration says breaker: false`);
    this.#withChannels(name, order);
  }

  #withPartitions(name: string | undefined, order: (partition: Partition) => void): void {
    if (name !== undefined) channelNamed(this.#parts, name);
    this.#withChannels(name, ({ partitions }) => partitions.forEach(order));
  }

  /** A change that is under way may take the channel out, or put another in its place: that one is meant. */
  #withChannels(name: string | undefined, order: (channel: ChannelEntry) => void): void {
    const { fleet, services } = this.#parts;
    services.bus.changes.carryOut(() => {
      const chosen = name === undefined ? [...fleet.channels.values()] : [fleet.channels.get(name)];
      for (const channel of chosen) if (channel !== undefined) order(channel);
    });
  }
}
