import type { Writable } from 'node:stream';
import { type Actor, waitFor } from 'xstate';
import { consume, type IntakeCount, type Source } from '../adapters/consume.ts';
import { watchFile } from '../adapters/watch-file.ts';
import { createWritable } from '../adapters/writable.ts';
import type { ChannelFactory } from '../channel/processing-channel.ts';
import type { ConfigChange } from '../config/diff.ts';
import { type LoadOptions, loadConfig } from '../config/load.ts';
import type { RouterConfig, RouterConfigInput } from '../config/schema.ts';
import type { Breaker } from '../core/breaker.ts';
import type { Outcome } from '../core/outcome.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { DeadLetter, DeadLetterFilter } from '../facts/dead-letters.ts';
import type { Alert, RouterBus } from '../facts/events.ts';
import { stateName } from '../facts/state-name.ts';
import { beginReport, type ChannelReport, type DrainReport, drainReport } from '../report/drain-report.ts';
import { type Explanation, explain } from '../report/explain.ts';
import type { RouterHealth } from '../report/health.ts';
import type { RouterMetrics } from '../report/metrics.ts';
import { routerHealth, routerMetrics } from '../report/snapshot.ts';
import type { Channel } from './channel.ts';
import type { Core } from './core.ts';
import type { AnyEmitted } from './emitted.ts';
import type { OfferOptions, RouteOptions } from './intake.ts';
import type { Member } from './member.ts';
import type { ChannelInput } from './plan.ts';
import { registerChannel } from './register.ts';
import { reconfigure, removeChannel } from './reload.ts';
import { type ReplayOptions, type ReplayReport, replayDeadLetters } from './replay.ts';
import type { RouterActor, RouterLogic } from './router-actor.ts';

/** How long a drain may take. */
export interface StopOptions {
  /** In ms, default 5,000. What is not delivered by then is handed back. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 5_000;

/** Routes messages to channels, and answers for each of them. Made by `createRouter`, or `routerOf` a host's actor. */
export class DataChannelRouter<Emits = AnyEmitted> {
  /** The router's actor, the root of its system or part of the host's. */
  readonly actor: RouterActor;
  /** The bus: what channels emit as `event`, and the facts of the router. */
  readonly events: RouterBus<Emits>;
  readonly #core: Core;
  #reload: Promise<unknown> = Promise.resolve();
  readonly #watches: (() => Promise<void>)[] = [];
  #stopped: Promise<DrainReport> | undefined;

  constructor(core: Core, actor: RouterActor) {
    this.#core = core;
    this.actor = actor;
    // The same bus, known by what these channels emit: only their own slots publish `event` on it.
    this.events = core.world.bus.emitter as unknown as RouterBus<Emits>;
    let from: string | null = null;
    actor.subscribe({
      next: ({ value, context }) => {
        const to = stateName(value);
        if (to === from) return;
        core.world.bus.publish('router.entered', { from, to, cause: context.cause });
        from = to;
      },
      // A parent hears of it anyway; without a listener XState would throw a root's error into the host's process.
      error() {},
    });
  }

  /** The configuration in force, every field filled in. */
  get config(): RouterConfig {
    return this.#core.config;
  }

  /** The channels by name. */
  get channels(): ReadonlyMap<string, Channel> {
    return this.#core.fleet.channels;
  }

  /** Which channel serves which data type. */
  get registry(): ReadonlyMap<string, Channel> {
    return this.#core.intake.registry;
  }

  /** The state of the router itself: starting, running, degraded, stopping, stopped or failed. */
  get state(): string {
    const { status, value } = this.actor.getSnapshot();
    // A host that ends its machine stops the actor in whatever state it is.
    return status === 'stopped' ? 'stopped' : stateName(value);
  }

  /**
   * Starts every channel; resolves when each has warmed up or failed for the first time. A failed one is the
   * supervisor's business, and shows in `health`. Throws `SluiceError` `not-running` when the router was stopped.
   */
  async start(): Promise<void> {
    if (this.#stopped !== undefined)
      throw new SluiceError('not-running', 'a router that was stopped cannot start again');
    // A host's machine has started it already, which makes this a no-op.
    (this.actor as Actor<RouterLogic>).start();
    await this.#until(() => this.state !== 'starting');
    const { status, error } = this.actor.getSnapshot();
    if (status === 'error') throw error;
  }

  /** Takes one message in, or says why not. Synchronous; never throws because of a message. */
  route(message: unknown, options?: RouteOptions): Outcome {
    return this.#core.intake.route(message, options?.dataType);
  }

  /** Routes each of several messages, as feeds send them in arrays. */
  routeAll(messages: Iterable<unknown>, options?: RouteOptions): IntakeCount {
    return this.#core.intake.routeAll(messages, options?.dataType);
  }

  /** As `route`, but waits while the mailbox is full. */
  async offer(message: unknown, options: OfferOptions = {}): Promise<Outcome> {
    options.signal?.throwIfAborted();
    return this.#core.intake.offer(message, options);
  }

  /** Offers all a source has; an element may be a message or an array of them. Ends with the source or the signal. */
  consume(source: Source, options: OfferOptions = {}): Promise<IntakeCount> {
    return consume(source, (message) => this.#core.intake.offerInTurn(message, options), options.signal);
  }

  /** A Node stream in object mode that offers what is written to it. */
  writable(): Writable {
    return createWritable((message) => this.#core.intake.offer(message, {}));
  }

  /** Everything measured since the start, as a plain snapshot; reading changes nothing. */
  metrics(): RouterMetrics {
    return routerMetrics(this.#core);
  }

  /** Health derived from the states, shaped for liveness and readiness probes. */
  health(): RouterHealth {
    return routerHealth(this.#core, this.state);
  }

  /** Why a channel is or is not delivering: one object, one sentence. */
  explain(name: string): Explanation {
    return explain(this.#channel(name));
  }

  /** What is wrong now and somebody should know of, oldest first; `alert.raised` and `alert.cleared` tell of each. */
  get alerts(): readonly Alert[] {
    return this.#core.alerts.list();
  }

  /** Messages that could not be routed or processed. */
  readonly deadLetters = {
    list: (filter?: DeadLetterFilter): readonly DeadLetter[] => this.#core.deadLetters.list(filter),
    drop: (filter?: DeadLetterFilter): number => this.#core.deadLetters.drop(filter),
    replay: (options: ReplayOptions = {}): Promise<ReplayReport> => replayDeadLetters(this.#core, options),
  };

  /**
   * Writes what `recordIncident` has kept to a file, with the reason given; resolves with the file's name. Rejects when it
   * cannot be written, and with `SluiceError` `refused` on a router that was made without `recordIncident`.
   */
  writeIncident: (why?: string) => Promise<string> = () =>
    Promise.reject(new SluiceError('refused', 'nothing is recorded: createRouter was called without recordIncident'));

  /** Registers another channel, while running too. Throws `SluiceError` when its name or data type is taken. */
  add(name: string, factory: ChannelFactory, config: ChannelInput = {}): void {
    if (this.#core.fleet.isStopping) throw new SluiceError('not-running', `the router is ${this.state}`);
    registerChannel(this.#core, name, factory, config);
  }

  /** Takes a channel out: nothing more is routed to it, it drains, and its report is returned; that of `stop` has it not. */
  async remove(name: string, options: StopOptions = {}): Promise<ChannelReport> {
    const channel = this.#channel(name);
    const drainBy = this.#core.world.clock.now() + deadlineOf(options);
    const finish = beginReport([channel]);
    // The report has an entry for each channel it was begun with.
    channel.report ??= removeChannel(this.#core, channel, drainBy).then(() => finish()[name] as ChannelReport);
    return channel.report;
  }

  /**
   * Puts another configuration in force, all or nothing, without losing a message, a count or the breakers' history;
   * says what changed. Rejects with `SluiceError` and every mistake; then the old one stays in force.
   */
  reconfigure(config: RouterConfigInput | RouterConfig): Promise<readonly ConfigChange[]> {
    const reload = this.#reload.then(() => reconfigure(this.#core, config));
    this.#reload = reload.catch(() => {});
    return reload;
  }

  /**
   * Reconfigures from a file whenever it is written; a file with mistakes changes nothing and raises the alert
   * `config-rejected`. Ends with the returned function, or with `stop`.
   */
  watch(file: string, options: LoadOptions = {}): () => Promise<void> {
    const unwatch = watchFile(file, () => {
      // What is wrong is told as `config.rejected`.
      this.#reload = this.#reload.then(() => reconfigure(this.#core, loadConfig(file, options)).catch(() => {}));
    });
    this.#watches.push(unwatch);
    return unwatch;
  }

  /** Opens the breaker of a channel by hand, until its cool-down is over and probes succeed, or until `reset`. */
  trip(name: string): void {
    this.#breaker(name).trip();
  }

  /** Closes the breaker of a channel by hand and forgets its history. */
  reset(name: string): void {
    this.#breaker(name).reset();
  }

  /** Holds a channel, or all: it takes messages in and delivers none, until `resume`. */
  pause(name?: string): void {
    for (const member of this.#members(name)) {
      member.slot.isPaused = true;
      member.send({ type: 'channel.pause' });
    }
  }

  resume(name?: string): void {
    for (const member of this.#members(name)) {
      member.slot.isPaused = false;
      member.send({ type: 'channel.resume' });
    }
  }

  /** Makes everything that waits in a channel, or in all, due now. */
  flush(name?: string): void {
    for (const member of this.#members(name)) {
      member.slot.requestFlush();
      member.send({ type: 'batch.flush' });
    }
  }

  /** Starts a channel anew, also one that was given up. What is in flight is abandoned and delivered again. */
  restart(name: string): void {
    for (const member of this.#members(name)) this.#core.fleet.restartByHand(member);
  }

  /**
   * Stops intake, drains all channels under one deadline and ends the router. Always settles, by the deadline plus a
   * fraction of a second, with a report that accounts for every message. Called again, it returns the same report.
   */
  stop(options: StopOptions = {}): Promise<DrainReport> {
    const deadlineMs = deadlineOf(options);
    this.#stopped ??= this.#stop(deadlineMs);
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(deadlineMs: number): Promise<DrainReport> {
    const { fleet, world } = this.#core;
    for (const unwatch of this.#watches) unwatch().catch(() => {});
    const startedAt = world.clock.now();
    const finish = beginReport([...this.channels.values()].filter(({ report }) => report === undefined));
    fleet.closeDoors(startedAt + deadlineMs);
    if (!fleet.isLaunched) fleet.drain();
    else if (this.actor.getSnapshot().status === 'active') {
      this.actor.send({ type: 'router.stop' });
      await this.#until(() => false);
    }
    return drainReport(finish(), world.clock.now() - startedAt, deadlineMs);
  }

  /** Resolves when it is so, or when the actor has come to an end. */
  async #until(holds: () => boolean): Promise<void> {
    if (this.actor.getSnapshot().status === 'active') await waitFor(this.actor, holds).catch(() => {});
  }

  #channel(name: string): Channel {
    const channel = this.channels.get(name);
    if (channel !== undefined) return channel;
    const known = [...this.channels.keys()].join(', ');
    throw new SluiceError('unknown-channel', `no channel '${name}'; there is ${known}`);
  }

  #breaker(name: string): Breaker {
    const { breaker } = this.#channel(name);
    if (breaker !== undefined) return breaker;
    throw new SluiceError('refused', `channel '${name}' has no breaker: its configuration says breaker: false`);
  }

  #members(name?: string): readonly Member[] {
    const channels = name === undefined ? [...this.channels.values()] : [this.#channel(name)];
    return channels.flatMap((channel) => channel.members);
  }
}

function deadlineOf({ deadlineMs = DEADLINE_MS }: StopOptions): number {
  if (Number.isFinite(deadlineMs) && deadlineMs >= 0) return deadlineMs;
  throw new SluiceError('invalid-option', `deadlineMs must be a number of ms from 0, got ${String(deadlineMs)}`);
}
