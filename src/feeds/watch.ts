import { backoffMs } from '../core/backoff.ts';
import type { FeedSettings } from './feed-options.ts';
import type { TurnTime } from './turn-time.ts';

const MINUTE_MS = 60_000;

/** The times of one connection after the other: when to ask for a sign of life, when to trust, when to try again. */
export class Watch {
  readonly #settings: FeedSettings;
  readonly #time: TurnTime;
  #lastFrameAt = 0;
  #isAsked = false;
  #isPaused = false;
  #streamingSince = 0;
  /** Attempts since messages last came for a stable while. */
  failures = 0;
  #retryAt = 0;
  #notBefore = 0;

  constructor(settings: FeedSettings, time: TurnTime) {
    this.#settings = settings;
    this.#time = time;
  }

  get quietMs(): number {
    return this.#now - this.#lastFrameAt;
  }

  /** A socket that is paused hears nothing. */
  get isSilent(): boolean {
    return !this.#isPaused && this.quietMs >= this.#settings.silenceMs;
  }

  get isWithinHours(): boolean {
    return this.#settings.hours?.(this.#settings.clock.wallTime()) ?? true;
  }

  get backoffInMs(): number {
    return Math.max(0, this.#retryAt - this.#now);
  }

  /** Until the next full minute. */
  get restInMs(): number {
    return MINUTE_MS - (this.#settings.clock.wallTime() % MINUTE_MS);
  }

  get watchInMs(): number {
    const { silenceMs, hours } = this.#settings;
    const quietMs = this.#isAsked ? silenceMs : silenceMs / 2;
    const untilQuiet = this.#isPaused ? silenceMs : quietMs - this.quietMs;
    const untilStable = this.failures === 0 ? untilQuiet : this.#untilStableMs;
    return Math.max(1, Math.min(untilQuiet, untilStable, hours === undefined ? untilQuiet : this.restInMs));
  }

  heard(): void {
    this.#lastFrameAt = this.#time.now;
    this.#isAsked = false;
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.heard();
  }

  streams(): void {
    this.#streamingSince = this.#now;
  }

  /** Forgets the failures once the stream is stable. True: it is time to ask for a sign of life. */
  look(): boolean {
    if (this.#untilStableMs <= 0) this.failures = 0;
    if (this.#isPaused || this.#isAsked || this.quietMs * 2 < this.#settings.silenceMs) return false;
    this.#isAsked = true;
    return true;
  }

  fail(): void {
    const { backoff, random } = this.#settings;
    this.failures += 1;
    this.#retryAt = Math.max(this.#now + backoffMs(backoff, this.failures, random), this.#notBefore);
  }

  /** No attempt before so many ms have passed. */
  holdOff(ms: number): void {
    this.#notBefore = this.#now + ms;
  }

  /** The host asked for an attempt now. */
  forgive(): void {
    this.failures = 0;
    this.#notBefore = 0;
  }

  get #now(): number {
    return this.#settings.clock.now();
  }

  get #untilStableMs(): number {
    return this.#streamingSince + this.#settings.stableMs - this.#now;
  }
}
