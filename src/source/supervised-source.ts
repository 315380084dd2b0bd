import { type ActorRefFrom, type AnyActorRef, createActor } from 'xstate';
import { type SourceEvent, sourceMachine } from '../../machines/source.ts';
import { isRetryable } from '../channel/advice.ts';
import type { Services } from '../channel/services.ts';
import { StateLog } from '../channel/state-log.ts';
import { slim } from '../channel/xstate-internals.ts';
import type { ReadingPort } from '../core/reading-port.ts';
import { RestartLimit, type RestartLimits } from '../core/restart-limit.ts';
import type { Source } from '../core/source-port.ts';
import { stateName } from '../facts/chart-words.ts';
import { askedSource } from './asked-source.ts';
import type { WindowLimits } from './read-window.ts';
import type { SourceDoor } from './source-door.ts';
import type { SourceView } from './source-view.ts';
import { Stays } from './stays.ts';

/** What the last commits and `close` get at least, even when the deadline has passed, in ms. */
const END_MS_MIN = 50;
/** Half a minute apart at most, a source that cannot be reached is tried for ever. */
const RESTARTS: RestartLimits = { limit: 20, withinMs: 60_000, delayMs: 500, delayMsMax: 30_000 };
/** How long `close` of a source that failed may take, in ms. */
const RECOVER_MS = 5_000;

/** What a source is read with. */
export interface SupervisedSourceOptions {
  readonly name: string;
  readonly source: Source;
  /** Undefined: each message is recognized. */
  readonly dataType: string | undefined;
  readonly limits: WindowLimits;
  readonly services: Services;
  readonly door: SourceDoor;
}

/** The moments by which a drain has to have come so far, in ms on the clock. */
export interface StopTimes {
  readonly drainAt: number;
  readonly releaseAt: number;
  readonly stopAt: number;
}

/** Supervises one source: its state, and the readers of the partitions that are this process's own. */
export class SupervisedSource implements ReadingPort {
  readonly name: string;
  readonly startTimeoutMs = 30_000;
  private readonly options: SupervisedSourceOptions;
  private readonly log: StateLog;
  private readonly asked: SourceView['source'];
  private readonly restarts = new RestartLimit();
  private readonly stays: Stays;
  private actor: ActorRefFrom<typeof sourceMachine> | undefined = undefined;
  private restartCount = 0;
  /** Which start of the source it is: what an earlier one still says is not heard. */
  private generation = 0;
  private mayRead = false;
  private times: StopTimes = { drainAt: 0, releaseAt: 0, stopAt: 0 };

  constructor(options: SupervisedSourceOptions) {
    const { name, services } = options;
    this.name = name;
    this.options = options;
    this.asked = askedSource(options.source);
    this.log = new StateLog(services.clock);
    const parts = { ...options, source: name, clock: services.clock, send: (event: SourceEvent) => this.send(event) };
    this.stays = new Stays(parts, services.bus);
  }

  /** The name of its state; one that was not started is `new`. */
  get state(): string {
    return this.log.state;
  }

  /** The name of its actor: a channel may have no such name. */
  get actorId(): string {
    return `source:${this.name}`;
  }

  /** A reading of this moment for reports. */
  get view(): SourceView {
    const { state, since, cause, error } = this.log;
    return {
      ...{ state, since, cause, error },
      ...this.stays.view,
      name: this.name,
      source: this.asked,
      restarts: this.restartCount,
      restartAt: this.restarts.at,
      drainAt: this.times.drainAt,
    };
  }

  get hasPartitions(): boolean {
    return this.stays.readers.length > 0;
  }

  get isRevoking(): boolean {
    return this.stays.readers.some(({ isRevoking }) => isRevoking);
  }

  get isHeld(): boolean {
    const { readers } = this.stays;
    return readers.length > 0 && readers.every(({ fullBy }) => fullBy !== undefined);
  }

  get isQuiet(): boolean {
    return this.stays.readers.every(({ ledger }) => ledger.isQuiet);
  }

  get mayRestart(): boolean {
    return !this.restarts.isGivenUp;
  }

  get restartInMs(): number {
    return Math.max(0, this.restarts.at - this.now);
  }

  get drainInMs(): number {
    return Math.max(0, this.times.drainAt - this.now);
  }

  get releaseInMs(): number {
    return Math.max(END_MS_MIN, this.times.releaseAt - this.now);
  }

  get closeInMs(): number {
    return Math.max(END_MS_MIN, this.times.stopAt - this.now);
  }

  async start(): Promise<void> {
    this.generation += 1;
    const { generation } = this;
    const isPresent = (): boolean => generation === this.generation;
    await this.options.source.start({
      assigned: (assigned) => {
        if (!isPresent()) return;
        const reader = this.stays.add(assigned);
        if (this.mayRead) reader.begin();
        this.send({ type: 'partition.assigned' });
      },
      revoke: async (assigned, withinMs) => {
        if (!isPresent()) return;
        const done = this.stays.readers.find((each) => each.assigned === assigned)?.giveBack(withinMs);
        this.send({ type: 'partition.revoked' });
        await done;
      },
    });
  }

  read(): void {
    this.mayRead = true;
    for (const reader of this.stays.readers) reader.begin();
  }

  hold(): void {
    this.mayRead = false;
    for (const reader of this.stays.readers) reader.hold();
  }

  async recover(error: unknown): Promise<void> {
    this.generation += 1;
    if (!isRetryable(error)) this.restarts.giveUp();
    else this.restarts.failed(RESTARTS, this.now);
    this.stays.endAll('closed');
    const { bus } = this.options.services;
    if (this.mayRestart) this.restartCount += 1;
    else bus.publishAfterwards('source.gaveUp', { source: this.name, restarts: this.restartCount, error });
    await this.options.source.close(RECOVER_MS);
  }

  async release(): Promise<void> {
    const withinMs = this.releaseInMs;
    await Promise.all(this.stays.readers.map((reader) => reader.release(withinMs)));
  }

  async close(): Promise<void> {
    this.generation += 1;
    this.stays.endAll('closed');
    await this.options.source.close(this.closeInMs);
  }

  /** Starts its actor under `parent`, which hears of its end. */
  run(parent: AnyActorRef): void {
    const actor = createActor(sourceMachine, { id: this.actorId, parent, input: { port: () => this } });
    this.actor = actor;
    actor.subscribe({
      next: ({ value, context }) => {
        const to = stateName(value);
        if (to !== this.state) this.enter(to, context.cause, context.error);
      },
      error: (error) => this.enter('failed', 'crash', error),
    });
    actor.start();
    slim(actor);
  }

  /** Stops reading, waits for what is out, commits and closes, each by its time. */
  drain(times: StopTimes): void {
    this.times = times;
    this.stays.keepEnded();
    this.send({ type: 'source.drain' });
  }

  /** An operator starts one that was given up, or that waits. */
  restart(): void {
    this.restarts.forgive(this.now);
    this.send({ type: 'source.restart' });
  }

  /** The router ended at once: nothing is committed any more. */
  stop(): void {
    if (this.actor === undefined) return;
    this.hold();
    this.send({ type: 'source.abandon' });
    this.close().catch(() => {});
  }

  private get now(): number {
    return this.options.services.clock.now();
  }

  private send(event: SourceEvent): void {
    const { actor } = this;
    // Sources are quiet all the time, which only a drain waits for.
    if (event.type === 'source.quieted' && this.state !== 'draining') return;
    if (actor !== undefined) this.options.services.bus.changes.during(() => actor.send(event));
  }

  private enter(to: string, cause: string, error: unknown): void {
    const from = this.state;
    this.log.enter(to, cause, error);
    if (to === 'stopped') this.actor = undefined;
    this.options.services.bus.publishAfterwards('source.entered', { source: this.name, from, to, cause, error });
  }
}
