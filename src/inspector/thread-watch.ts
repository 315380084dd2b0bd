import type { Clock } from '../core/clock.ts';
import { NextChange } from '../core/next-change.ts';
import { checkedOptions, type MetricsOptions } from '../metrics/labels.ts';
import type { Measure } from '../metrics/measure.ts';
import { textOf } from '../metrics/prometheus.ts';
import type { RouterHealth } from '../report/health.ts';
import { type Answer, type Everything, type Question, withCounters } from './thread-link.ts';

/** Time between two questions whether the main thread still answers, in ms. */
const BEAT_MS = 250;
/** How long a scrape waits for fresh values before it takes the last ones, in ms. */
const PATIENCE_MS = 20;

/** The health of the router as of the last answer, and whether the main thread is stuck. */
export interface ThreadHealth extends RouterHealth {
  readonly mainThread: {
    readonly stuck: boolean;
    /** Age of the oldest unanswered question, in ms; 0: none is open. */
    readonly silentMs: number;
    /** This object in one sentence. */
    readonly text: string;
    /** Messages in a call of `process`, by channel: one of these calls may block the thread. */
    readonly inFlight: Readonly<Record<string, number>>;
  };
}

/**
 * What another thread knows about the main thread. At most one question of a kind is open, so that they do not pile up
 * in a stuck main thread. Counts come from shared memory; everything else is as of the last answer.
 */
export class ThreadWatch {
  readonly #ask: (question: Question) => void;
  readonly #clock: Clock;
  readonly #stuckAfterMs: number;
  readonly #told: Required<MetricsOptions>;
  /** When each open question was asked. */
  readonly #open = new Map<Question, number>();
  readonly #answered: NextChange;
  #known: Everything;

  constructor(
    known: Everything,
    ask: (question: Question) => void,
    clock: Clock,
    stuckAfterMs: number,
    told = checkedOptions('thread', {}),
  ) {
    this.#known = known;
    this.#told = told;
    this.#ask = ask;
    this.#clock = clock;
    this.#answered = new NextChange(clock);
    this.#stuckAfterMs = stuckAfterMs;
    this.#beat();
  }

  hear({ to, health, all }: Answer): void {
    this.#open.delete(to);
    this.#known = all ?? { ...this.#known, reading: { ...this.#known.reading, health } };
    if (to === 'reading') this.#answered.notify();
  }

  /** How long the oldest open question has been waiting for its answer, in ms. */
  get silentMs(): number {
    return this.#clock.now() - Math.min(this.#clock.now(), ...this.#open.values());
  }

  get isStuck(): boolean {
    return this.silentMs >= this.#stuckAfterMs;
  }

  async metrics(): Promise<string> {
    await this.#refresh();
    return textOf([{ reading: withCounters(this.#known), ...this.#told }], this.#measures());
  }

  async health(): Promise<ThreadHealth> {
    await this.#refresh();
    const { health, metrics } = withCounters(this.#known);
    const busy = Object.entries(metrics.channels).filter(([, channel]) => channel.inFlight > 0);
    const inFlight = Object.fromEntries(busy.map(([name, channel]) => [name, channel.inFlight]));
    const { silentMs, isStuck: stuck } = this;
    const text = sentence(stuck, silentMs, Object.keys(inFlight));
    const mainThread = { stuck, silentMs: Math.round(silentMs), text, inFlight };
    return stuck ? { ...health, status: 'unhealthy', ready: false, mainThread } : { ...health, mainThread };
  }

  #question(question: Question): void {
    if (this.#open.has(question)) return;
    this.#open.set(question, this.#clock.now());
    this.#ask(question);
  }

  #beat(): void {
    this.#question('beat');
    this.#clock.setTimeout(() => this.#beat(), BEAT_MS);
  }

  /** Resolves when the main thread has answered, or would keep a scrape waiting. */
  async #refresh(): Promise<void> {
    this.#question('reading');
    // A main thread that let one scrape wait in vain does not delay the next scrape.
    if (this.silentMs < PATIENCE_MS) await this.#answered.wait(PATIENCE_MS);
  }

  #measures(): Measure[] {
    const gauge = (name: string, unit: string, help: string, value: number): Measure => {
      return { name, type: 'gauge', unit, help, labels: [], read: () => [{ labels: {}, value }] };
    };
    return [
      gauge('main_thread.stuck', '', '1: the main thread does not answer.', Number(this.isStuck)),
      gauge('main_thread.silent', 's', 'How long the main thread has not answered.', this.silentMs / 1_000),
    ];
  }
}

function sentence(stuck: boolean, silentMs: number, busy: readonly string[]): string {
  if (!stuck) return 'The main thread answers.';
  const where = busy.length === 0 ? 'no call of process is running' : `process has messages of ${busy.join(', ')}`;
  return `The main thread is stuck: no answer for ${(silentMs / 1_000).toFixed(1)} s; ${where}.`;
}
