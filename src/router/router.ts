import type { Writable } from 'node:stream';
import type { ChannelSource, RulesInputOf } from '../channel/channel-source.ts';
import { refuse } from '../channel/copies.ts';
import type { ConfigChange } from '../config/diff.ts';
import { checkOptions, throwIfAborted } from '../config/options.ts';
import type { RouterConfig, RouterConfigInput } from '../config/schema.ts';
import type { Outcome } from '../core/outcome.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Alert, AnyEmitted, RouterBus } from '../facts/events.ts';
import { type ChannelInfo, channelInfos, registryInfos } from '../report/channel-info.ts';
import type { ChannelReport, DrainReport } from '../report/drain-report.ts';
import type { Explanation } from '../report/explain.ts';
import type { RouterHealth } from '../report/health.ts';
import { type RouterMetrics, routerMetrics } from '../report/metrics.ts';
import { routerHealth } from '../report/router-health.ts';
import { type SourceInfo, sourceInfos } from '../report/source-info.ts';
import { type ConsumeCount, consume, createWritable, type Source } from './consume.ts';
import { DeadLetterDesk } from './dead-letter-desk.ts';
import { type DeliveryOutcomeOf, deliver } from './deliver.ts';
import { FeedDesk } from './feed-desk.ts';
import type { RouteAllReport } from './intake.ts';
import { explainNamed } from './named.ts';
import { dataTypeIn, type OfferOptions, offerOptions, type RouteOptions } from './offer-options.ts';
import { addByHand, orderPartitions, orderRecord, orderReset, orderRestart, orderTrip } from './orders.ts';
import { type RouterParts, viewOf } from './parts.ts';
import { Reloads, type WatchOptions } from './reload.ts';
import { publishStates, type RouterActor, routerState, startActor } from './router-actor.ts';
import type { ChannelInput } from './router-options.ts';
import { deadlineOf, type StopOptions, stopRouter } from './shutdown.ts';

/** The parts of a router, for what belongs to this package; hosts have its public face. */
export let partsOf: (router: Pick<DataChannelRouter, 'actor'>) => RouterParts;

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
  #report: Promise<DrainReport> | undefined;

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
    this.feeds = new FeedDesk(parts);
    this.#reloads = new Reloads(parts);
    publishStates(actor, parts.services.bus);
  }

  /** The configuration in force, every field filled in. */
  get config(): RouterConfig {
    return this.#parts.definitions.config;
  }

  /** The channels by name: a reading of this moment. */
  get channels(): ReadonlyMap<string, ChannelInfo> {
    return channelInfos(this.#parts.fleet.channels, this.#parts.services.clock);
  }

  /** Which channels serve which data type: a reading of this moment. */
  get registry(): ReadonlyMap<string, readonly ChannelInfo[]> {
    return registryInfos(this.#parts.destinations.all, this.#parts.services.clock);
  }

  /** The sources by name: a reading of this moment. */
  get sources(): ReadonlyMap<string, SourceInfo> {
    return sourceInfos(this.#parts.sources.all, this.#parts.services.clock);
  }

  /** The state of the router itself: starting, running, degraded, stopping, stopped or failed. */
  get state(): string {
    return routerState(this.actor, this.#parts.fleet.supervisor);
  }

  /**
   * Starts every channel; resolves when each has warmed up or failed for the first time. A failed one is the
   * supervisor's business, and shows in `health`. Throws `SluiceError` `not-running` when the router was stopped.
   */
  async start(): Promise<void> {
    if (this.#report !== undefined)
      throw new SluiceError('not-running', 'a router that was stopped cannot start again');
    await startActor(this.actor, this.#parts.services.bus);
  }

  /** Takes one message in, or says why not. Synchronous; never throws because of a message. */
  route(message: unknown, options?: RouteOptions): Outcome {
    return this.#parts.intake.route(message, options === undefined ? undefined : dataTypeIn(options));
  }

  /** Routes each of several messages, as feeds send them in arrays; says which were refused. */
  routeAll(messages: Iterable<unknown>, options?: RouteOptions): RouteAllReport {
    return this.#parts.intake.routeAll(messages, options);
  }

  /** As `route`, but waits while the mailbox is full; `mailbox-full` when `waitingMax` wait already. */
  async offer(message: unknown, options: OfferOptions = {}): Promise<Outcome> {
    checkOptions('offer', options, offerOptions);
    throwIfAborted(options.signal);
    return this.#parts.intake.offerInTurn(message, options);
  }

  /**
   * As `offer`, but resolves when nothing more will happen to the message, with what became of it; of a list, to each in
   * order. That may take as long as the sink is down. An abort takes back what still waits for room.
   */
  async deliver<Message>(message: Message, options: OfferOptions = {}): Promise<DeliveryOutcomeOf<Message>> {
    return deliver(this.#parts.intake, message, options);
  }

  /**
   * Takes in all a source has; an element may be a message or a list of them. While messages of one channel wait for room,
   * those of the others pass. Ends with the source, the signal or `stop`. Rejects with `not-running` if the router does not run.
   */
  async consume(source: Source, options: OfferOptions = {}): Promise<ConsumeCount> {
    return consume(this.#parts, source, options);
  }

  /** A Node stream in object mode that takes in what is written to it, as `consume` does. It fails when the router stops. */
  writable(options: RouteOptions = {}): Writable {
    return createWritable(this.#parts, options);
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
    return orderRecord(this.#parts, reason);
  }

  /** Registers another channel, while running too. Throws `SluiceError` when its name is taken. */
  add<Source extends ChannelSource>(
    name: string,
    channel: Source,
    config: ChannelInput<RulesInputOf<Source>> = {},
  ): void {
    addByHand(this.#parts, name, channel, config);
  }

  /**
   * Takes a channel out: nothing more is routed to it, it drains, and its report is returned; that of `stop` leaves it out.
   * Rejects with `not-running` while `stop` is under way or when it is over: its messages are in that report.
   */
  async remove(name: string, options: StopOptions = {}): Promise<ChannelReport> {
    return this.#reloads.remove(name, options);
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
    return this.#reloads.watch(file, options);
  }

  /**
   * Opens the breaker of a channel by hand, until its cool-down is over and probes succeed, or until `reset`.
   * `coolDownMs`: how long it stays open at least; Infinity: until `reset`. Default: the usual cool-down.
   */
  trip(name: string, options: { readonly coolDownMs?: number } = {}): void {
    orderTrip(this.#parts, name, options);
  }

  /** Closes the breaker of a channel by hand, forgets its history, and ends every wait for another attempt. */
  reset(name: string): void {
    orderReset(this.#parts, name);
  }

  /** Holds a channel, or all: it takes messages in and delivers none, until `resume`. */
  pause(name?: string): void {
    orderPartitions(this.#parts, name, (partition) => partition.pause(true));
  }

  resume(name?: string): void {
    orderPartitions(this.#parts, name, (partition) => partition.pause(false));
  }

  /** Makes everything that waits in a channel, or in all, due now, and ends every wait for another attempt or a probe. */
  flush(name?: string): void {
    orderPartitions(this.#parts, name, (partition) => partition.flush());
  }

  /**
   * Starts a channel anew, even if it was given up: what is in flight is abandoned and delivered again. A source is
   * started if it waits for that or was given up; a feed connects anew.
   */
  restart(name: string): void {
    orderRestart(this.#parts, name);
  }

  /**
   * Stops intake, drains all channels under one deadline and ends the router. Always settles, by the deadline plus a
   * fraction of a second, with a report that accounts for every message. Called again, it returns the same report.
   */
  stop(options: StopOptions = {}): Promise<DrainReport> {
    const deadlineMs = deadlineOf('stop', options);
    this.#reloads.unwatch();
    this.#report ??= this.#parts.services.bus.changes.order(() => stopRouter(this.#parts, this.actor, deadlineMs));
    return this.#report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
