import { inspect } from 'node:util';
import { errorText } from '../core/error-text.ts';
import type { FeedPort, FeedSignal } from '../core/feed-port.ts';
import type { FeedMetrics } from '../core/supervised-feed.ts';
import type { Arrivals } from './arrivals.ts';
import type { FeedBus } from './feed-bus.ts';
import type { FeedSettings } from './feed-options.ts';
import type { Answer } from './profile.ts';
import { Reader, type ReaderCounts, SAMPLE_MAX } from './reader.ts';
import { Secrets } from './secrets.ts';
import type { FeedSocket, SocketEnd, SocketListener } from './socket.ts';
import { retryAfterMs, signalOf } from './socket-end.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Watch } from './watch.ts';

/** How long the next attempt waits at least after the service said that there are too many of something, in ms. */
const LIMITED_MS_MIN = 10_000;

export type LinkCounts = ReaderCounts &
  Pick<FeedMetrics, 'beats' | 'connections' | 'reconnects' | 'refusals' | 'limits'>;

/** The connections of one feed, one after the other, as its statechart sees them. */
export class Link implements FeedPort {
  readonly mustLogIn: boolean;
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly #settings: FeedSettings;
  readonly #subscriptions: Subscriptions;
  readonly #arrivals: Arrivals;
  readonly watch: Watch;
  readonly #bus: FeedBus;
  readonly #reader: Reader;
  readonly #secrets: Secrets;
  #socket: FeedSocket | undefined;
  #notify: (signal: FeedSignal) => void = () => {};
  #isStreaming = false;
  #isPaused = false;
  #streams = 0;
  readonly #count = { connections: 0, refusals: 0, limits: 0, beats: 0 };

  constructor(settings: FeedSettings, subscriptions: Subscriptions, arrivals: Arrivals, watch: Watch, bus: FeedBus) {
    this.#settings = settings;
    this.mustLogIn = settings.profile.logIn !== undefined;
    this.connectTimeoutMs = settings.connectTimeoutMs;
    this.answerTimeoutMs = settings.answerTimeoutMs;
    this.#subscriptions = subscriptions;
    this.#arrivals = arrivals;
    this.watch = watch;
    this.#bus = bus;
    this.#secrets = new Secrets(settings.credentials);
    this.#reader = new Reader(settings.profile, {
      answered: (answer) => this.#answered(answer),
      came: (messages, bytes) => arrivals.take(messages, bytes),
      isUnwanted: (type) => arrivals.isUnwanted(type),
      skipped: () => arrivals.skip(),
      garbage: this.#tellGarbage.bind(this),
    });
  }

  get counts(): LinkCounts {
    return { ...this.#reader.counts, ...this.#count, reconnects: Math.max(0, this.#streams - 1) };
  }

  get isWithinHours(): boolean {
    try {
      return this.watch.isWithinHours;
    } catch {
      this.#bus.fault();
      return true;
    }
  }

  connect(notify: (event: FeedSignal) => void): () => void {
    const { open, url, headers, messageBytesMax } = this.#settings;
    let isOver = false;
    this.#notify = (signal) => !isOver && notify(signal);
    this.#count.connections += 1;
    this.#subscriptions.forget();
    try {
      const listener = this.#listener(() => isOver);
      this.#socket = open(url, { headers, messageBytesMax }, listener);
    } catch (error) {
      this.#notify({ type: 'socket.closed', error: this.#secrets.shown(error) });
    }
    return () => {
      isOver = true;
      this.flush();
      if (this.#isStreaming) this.#arrivals.interrupt();
      this.#isStreaming = false;
      this.#socket?.close();
      this.#socket = undefined;
    };
  }

  flush(): void {
    this.#reader.flush();
  }

  /** The journal will never take this message. */
  refused(message: unknown, error: unknown): void {
    const sample = inspect(message, { depth: 1, maxStringLength: 100 }).slice(0, SAMPLE_MAX);
    this.#tellGarbage(`the journal refuses it: ${errorText(error)}`, sample);
  }

  logIn(): void {
    const { profile } = this.#settings;
    try {
      this.#send(profile.logIn?.(this.#secrets.read(profile)) ?? []);
    } catch (error) {
      this.#refuseLogin(this.#secrets.shown(error));
    }
  }

  subscribe(): void {
    this.#send(this.#subscriptions.ask());
    this.#conclude();
  }

  /** These are no longer wanted; a service that knows them is told at once. */
  unsubscribe(names: readonly string[]): void {
    this.#send(this.#subscriptions.drop(names));
  }

  stream(): void {
    this.#isStreaming = true;
    this.#streams += 1;
    this.watch.streams();
    if (this.#isPaused) this.#socket?.pause();
  }

  look(): void {
    if (this.watch.look()) this.#socket?.ping();
  }

  /** While messages can come, nothing more is read; a new connection is still set up. */
  pause(): void {
    this.#isPaused = true;
    this.watch.pause(true);
    if (this.#isStreaming) this.#socket?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.watch.pause(false);
    this.#socket?.resume();
  }

  #tellGarbage(why: string, sample: string): void {
    this.#bus.publish('feed.garbage', { feed: this.#settings.name, why, sample: this.#secrets.hide(sample) });
  }

  #listener(isOver: () => boolean): SocketListener {
    // Not a wrapper of what follows: a frame would cost a closure.
    const hears = (): boolean => {
      if (!isOver()) this.watch.heard();
      return !isOver();
    };
    return {
      opened: () => hears() && this.#settings.profile.greets !== true && this.#notify({ type: 'socket.opened' }),
      text: (text, bytes) => hears() && this.#reader.text(text, bytes),
      binary: (bytes) => hears() && this.#reader.binary(bytes),
      beat: () => {
        if (hears()) this.#count.beats += 1;
      },
      ended: (end) => hears() && this.#ended(end),
    };
  }

  #send(messages: readonly unknown[]): void {
    const { binary } = this.#settings.profile;
    for (const message of messages) this.#socket?.send(binary?.encode(message) ?? JSON.stringify(message));
  }

  #answered(answer: Answer): void {
    switch (answer.is) {
      case 'connected':
        if (this.#settings.profile.greets === true) this.#notify({ type: 'socket.opened' });
        return;
      case 'logged-in':
        return this.#notify({ type: 'login.accepted' });
      case 'login-refused':
        return this.#refuseLogin(this.#secrets.said(answer.why));
      case 'subscribed':
        this.#subscriptions.answer(answer, 'accepted');
        return this.#conclude();
      case 'subscription-refused':
        this.#refused(this.#subscriptions.answer(answer, 'refused'), answer.why);
        return this.#conclude(this.#secrets.said(answer.why));
      case 'limited':
        return this.#limited(this.#secrets.said(answer.why), LIMITED_MS_MIN);
      case 'ending':
        return this.#notify({ type: 'service.ending', error: this.#secrets.said(answer.why) });
      default:
    }
  }

  /** When everything that was asked for has its answer. */
  #conclude(error?: Error): void {
    if (!this.#subscriptions.isAnswered) return;
    this.#notify(
      this.#subscriptions.isGranted ? { type: 'subscription.accepted' } : { type: 'subscription.refused', error },
    );
  }

  #ended(end: SocketEnd): void {
    const signal = signalOf(end);
    const error = this.#secrets.shown(signal.error);
    if (signal.type === 'login.refused') return this.#refuseLogin(error);
    if (signal.type !== 'limit.reached') return this.#notify({ type: 'socket.closed', error });
    const waitMs = retryAfterMs(end.is === 'refused' ? end.retryAfter : undefined, this.#settings.clock.wallTime());
    this.#limited(error, waitMs ?? LIMITED_MS_MIN);
  }

  #limited(error: Error, ms: number): void {
    this.#count.limits += 1;
    this.watch.holdOff(ms);
    this.#notify({ type: 'limit.reached', error });
  }

  #refuseLogin(error: Error): void {
    this.#refused([], error.message);
    this.#notify({ type: 'login.refused', error });
  }

  #refused(names: readonly string[], why: string): void {
    this.#count.refusals += 1;
    this.#bus.publish('feed.refused', { feed: this.#settings.name, names, why: this.#secrets.hide(why) });
  }
}
