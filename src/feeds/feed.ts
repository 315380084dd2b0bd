import { inspect } from 'node:util';
import { type Actor, createActor } from 'xstate';
import { feedMachine } from '../../machines/feed.ts';
import type { FeedGap } from '../core/feed-facts.ts';
import { createPatientTimers } from '../core/patient-timers.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { FeedMetrics, FeedReport, FeedState, FeedView, SupervisedFeed } from '../core/supervised-feed.ts';
import { stateName } from '../facts/chart-words.ts';
import { containInspector } from '../facts/inspect.ts';
import { Arrivals } from './arrivals.ts';
import { DroppedRun } from './dropped-run.ts';
import { explainFeed } from './explain-feed.ts';
import { FeedBus } from './feed-bus.ts';
import type { FeedSettings } from './feed-options.ts';
import { Gaps } from './gaps.ts';
import { journalTarget } from './journal-target.ts';
import { Link } from './link.ts';
import { RouterTarget } from './router-target.ts';
import { Sequences } from './sequences.ts';
import { Spillway } from './spillway.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Pressure, Target } from './target.ts';
import { TurnTime } from './turn-time.ts';
import { Watch } from './watch.ts';

/** One connection to a service of market data, kept up. Made by `createFeed`. */
export class Feed implements SupervisedFeed {
  /** The facts of the feed. */
  readonly events: FeedBus['emitter'];
  readonly #settings: FeedSettings;
  readonly #bus = new FeedBus();
  readonly #gaps: Gaps;
  readonly #subscriptions: Subscriptions;
  readonly #target: Target;
  readonly #dropped: DroppedRun;
  readonly #arrivals: Arrivals;
  readonly #watch: Watch;
  readonly #link: Link;
  readonly #actor: Actor<typeof feedMachine>;
  #state: FeedState = 'new';
  #since: number;
  #returned: readonly unknown[] = [];

  constructor(settings: FeedSettings) {
    const { name, profile, clock, backfill } = settings;
    this.#settings = settings;
    this.#since = clock.now();
    this.events = this.#bus.emitter;
    this.#gaps = new Gaps(
      name,
      clock,
      {
        found: (gap) => this.#bus.publish('feed.gap', gap),
        closed: (gap) => this.#bus.publish('feed.gapClosed', gap),
        backfillFailed: (gap, error) => this.#bus.publish('feed.backfillFailed', { feed: name, gap, error }),
      },
      backfill,
    );
    this.#subscriptions = new Subscriptions(profile, settings.subscribe);
    this.#dropped = new DroppedRun(clock, this.#gaps.add.bind(this.#gaps));
    this.#target = this.#targetOf(settings);
    const fault = this.#bus.fault.bind(this.#bus);
    const sequences = new Sequences(profile, this.#gaps, settings.repeated === 'drop', fault);
    const time = new TurnTime(clock);
    this.#arrivals = new Arrivals(time, sequences, this.#target);
    this.#watch = new Watch(settings, time);
    this.#link = new Link(settings, this.#subscriptions, this.#arrivals, this.#watch, this.#bus);
    this.#actor = this.#makeActor();
  }

  get name(): string {
    return this.#settings.name;
  }

  get state(): FeedState {
    return this.#state;
  }

  /** Gaps that are not closed, oldest first; the newest 1,000. */
  get gaps(): readonly FeedGap[] {
    return this.#gaps.open;
  }

  /** Everything that is known of it, as a reading of this moment. */
  get view(): FeedView {
    this.#link.flush();
    const { name, profile, url, clock } = this.#settings;
    const { origin, pathname } = new URL(url);
    const { cause, error } = this.#actor.getSnapshot().context;
    return {
      ...{ name, profile: profile.name, url: `${origin}${pathname}`, state: this.#state, cause, error },
      forMs: clock.now() - this.#since,
      retryInMs: this.#state === 'waiting' ? this.#watch.backoffInMs : null,
      quietMs: this.#state === 'streaming' ? this.#watch.quietMs : null,
      isPaused: this.#target.isFull,
      subscriptions: Object.fromEntries(this.#subscriptions.standing),
      metrics: this.#metrics,
    };
  }

  get #metrics(): FeedMetrics {
    const [arrivals, target] = [this.#arrivals.counts, this.#target.counts];
    const { delivered, refused, ignored, dropped, held, returned } = target;
    const accounted = delivered + refused + ignored + dropped + held + returned + arrivals.repeatedDropped;
    return {
      ...{ ...this.#link.counts, ...arrivals, ...target, gaps: this.#gaps.counts },
      ...{ failures: this.#watch.failures, faults: this.#bus.faults, conserved: accounted === arrivals.received },
    };
  }

  /** Why messages come or do not, in a sentence or two. */
  explain(): string {
    return explainFeed(this.view, this.#settings.clock.wallTime());
  }

  /** Connects, and goes on until `stop`. */
  start(): void {
    if (this.#state === 'new') this.#actor.start();
  }

  /** Ends the connection; what was read and waits for room is handed back. Called again, it gives the same report. */
  stop(): FeedReport {
    if (this.#state !== 'stopped') {
      this.#link.flush();
      // An actor that was never started hears nothing, and must not connect for it.
      if (this.#state === 'new') [this.#state, this.#since] = ['stopped', this.#settings.clock.now()];
      else this.#actor.send({ type: 'feed.stop' });
      this.#returned = this.#target.end();
      this.#dropped.close();
    }
    return { view: this.view, returnedMessages: this.#returned };
  }

  /** Connects anew now, from every state but outside its hours; asks again for what was refused. */
  reconnect(): void {
    this.#watch.forgive();
    this.#subscriptions.forget(true);
    this.#actor.send({ type: 'feed.reconnect' });
  }

  /** Subscribes to more, at once if it is connected. Throws `SluiceError` `invalid-option` for a name the profile cannot read. */
  subscribe(names: readonly string[]): void {
    checkNames('subscribe', names);
    this.#subscriptions.want(names);
    this.#actor.send({ type: 'subscriptions.changed' });
  }

  unsubscribe(names: readonly string[]): void {
    checkNames('unsubscribe', names);
    this.#link.unsubscribe(names);
  }

  /** The host has what was missing, or does not want it. False: there is no such open gap. */
  closeGap(id: number): boolean {
    return this.#gaps.close(id);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #targetOf({ to, profile, whenFull, heldBytesMax, spill }: FeedSettings): Target {
    const pressure: Pressure = {
      pause: () => this.#link.pause(),
      resume: () => this.#link.resume(),
      dropped: () => this.#dropped.add(),
      refused: (message, error) => this.#link.refused(message, error),
      recovered: () => this.#dropped.close(),
    };
    const limits = { whenFull, heldBytesMax };
    if (!('route' in to)) return journalTarget(to, limits, pressure);
    const spillway = whenFull === 'spill' && spill ? new Spillway(spill, limits, pressure) : undefined;
    return new RouterTarget(to, profile, limits, pressure, spillway);
  }

  #makeActor(): Actor<typeof feedMachine> {
    const { name, clock, inspect: inspector } = this.#settings;
    const actor = createActor(feedMachine, {
      id: name,
      input: { port: () => this.#link },
      clock: createPatientTimers(clock, clock),
      // What an inspector throws is contained and has no fact of its own.
      ...(inspector && { inspect: containInspector(inspector, () => undefined) }),
    });
    let from: FeedState | null = null;
    actor.subscribe(({ value, context: { cause, error } }) => {
      const to = stateName(value) as FeedState; // The states of the chart are the ones of the type.
      if (to === from) return;
      [this.#state, this.#since] = [to, clock.now()];
      this.#bus.publish('feed.entered', { feed: name, from, to, cause, error });
      from = to;
    });
    return actor;
  }
}

/** A caller without types may give one name, whose letters would be taken for names. */
function checkNames(method: string, names: unknown): void {
  if (!Array.isArray(names)) throw invalidOption(`${method} takes a list of names, got ${inspect(names)}`);
}
