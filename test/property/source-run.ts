import type { LetterStore, Source, SourceMetrics } from '../../src/index.ts';
import { createRandom, type Random } from '../../src/index.ts';
import type { ReactionCall, TestMessage } from '../../src/testing/index.ts';
import { createTestRouter, type TestRouter } from '../../src/testing/index.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { type SimulatedLetterStore, simulatedLetterStore } from '../../src/testing/simulated-letter-store.ts';
import { type SimulatedSource, simulatedSource } from '../../src/testing/simulated-source.ts';

const PARTITIONS = 2;
const STEPS = 70;
const WINDOW = 12;
const CHANNELS = ['ohlcv', 'fmv'];
const REFUSED = Object.assign(new Error('a third of all is refused'), { retryable: false });

/** One process: a router, and what its sinks do. */
interface Process {
  readonly test: TestRouter<unknown>;
  readonly life: { isDead: boolean };
  /** By channel. */
  readonly moods: Map<string, Mood>;
}

/** `picky`: it refuses every third message for good. */
type Mood = 'well' | 'failing' | 'hanging' | 'picky';

/** Runs routers over one source through random trouble, and looks from outside whether the laws of sources hold. */
export class SourceRun {
  readonly violations: string[] = [];
  readonly #random: Random;
  readonly #clock = createSimulatedClock();
  readonly #source: SimulatedSource;
  readonly #store: SimulatedLetterStore;
  /** Where each message lies, which messages were settled, and how far each partition was committed. */
  readonly #positions = new Map<number, number>();
  readonly #partitionOf = new Map<number, number>();
  readonly #settled = new Set<number>();
  /** Refused by a sink: others pass them, and if their process dies before they are letters, they come late. */
  readonly #named = new Set<number>();
  readonly #committed = new Array<number>(PARTITIONS).fill(0);
  /** The highest number of each partition and channel that was delivered for the first time. */
  readonly #last = new Map<string, number>();
  /** How far a partition was committed when a stay began, by partition and fence. */
  readonly #base = new Map<string, number>();
  #process: Process | undefined;
  #appended = 0;

  constructor(seed: number) {
    this.#random = createRandom(seed);
    const [delayMs, failures] = [this.#pick([0, 5, 300]), this.#pick([0, 3, 10])];
    this.#source = simulatedSource({ clock: this.#clock, partitions: PARTITIONS, seed, delayMs, failures });
    const ofStore = { delayMs: this.#pick([0, 5, 300]), failures: this.#pick([0, 10, 50]) };
    this.#store = simulatedLetterStore({ clock: this.#clock, seed, ...ofStore });
  }

  async run(): Promise<void> {
    await this.#begin();
    for (let step = 0; step < STEPS && this.violations.length === 0; step += 1) {
      await this.#step();
      this.#check(`after step ${step}`);
    }
    await this.#finish();
  }

  async #begin(): Promise<void> {
    const life = { isDead: false };
    const test = await createTestRouter({
      clock: this.#clock,
      isStarted: false,
      sinks: Object.fromEntries(
        CHANNELS.map((name, index) => [
          name,
          {
            batchSize: 1 + 2 * index,
            timeoutMs: 20,
            capacity: this.#pick([4, 50]),
            processTimeoutMs: 300,
            abandonAfterMs: 100,
            retry: { attempts: 2, delayMs: 50, delayMsMax: 50 },
            restart: { limit: 1_000 },
            breaker: { coolDownMs: 200, coolDownMsMax: 500 },
          },
        ]),
      ),
      sources: { feed: { source: this.#seenBy(life), window: { frames: WINDOW } } },
      deadLetters: { store: this.#seenStore() },
    });
    const process: Process = { test, life, moods: new Map() };
    for (const name of CHANNELS) test.sink(name).otherwise = (call) => this.#called(process, name, call);
    test.router.events.on('stay.began', ({ fence, partition }) => {
      this.#base.set(`${partition} ${fence}`, this.#source.committed(partition));
    });
    this.#process = process;
    test.router.start().catch(() => {});
    await this.#clock.settle();
  }

  /** How many letters the store has. */
  get letters(): number {
    return this.#store.size;
  }

  /** A message is settled by its letter when the store has it, whatever the store says. */
  #seenStore(): LetterStore {
    const store = this.#store;
    return {
      size: 0,
      list: (filter) => store.list(filter),
      drop: (filter) => store.drop(filter),
      markReplayed: (ids, at) => store.markReplayed(ids, at),
      add: async (letter) => {
        try {
          await store.add(letter);
        } finally {
          if ((await store.list({ id: letter.id })).length > 0) this.#settled.add((letter.message as TestMessage).n);
        }
      },
    };
  }

  /** The source as one process has it: when that is dead, it can neither start nor close it any more. */
  #seenBy(life: { readonly isDead: boolean }): Source {
    return {
      start: (owner) => (life.isDead ? new Promise(() => {}) : this.#source.start(owner)),
      close: (withinMs) => (life.isDead ? Promise.resolve() : this.#source.close(withinMs)),
    };
  }

  #called(process: Process, channel: string, { batch, context }: ReactionCall<TestMessage>): Promise<void> | void {
    const mood = process.moods.get(channel);
    if (process.life.isDead || mood === 'hanging') return new Promise(() => {});
    if (mood === 'failing') throw new Error('the sink is down');
    for (const [index, { n, sym, ev }] of batch.entries()) {
      if (mood === 'picky' && n % 3 === 0) {
        context.fail(index, REFUSED);
        this.#named.add(n);
        continue;
      }
      const partition = Number(sym);
      const position = this.#positions.get(n) ?? 0;
      const stays = context.positions.filter((stay) => stay.partition === partition);
      const base = Math.min(...stays.map(({ fence }) => this.#base.get(`${partition} ${fence}`) ?? 0));
      if (position <= base)
        this.violations.push(`message ${n} at ${position} came again, though ${base} was committed`);
      const key = `${sym} ${ev}`;
      const last = this.#last.get(key) ?? -1;
      const mayComeLate = this.#settled.has(n) || this.#named.has(n);
      if (n < last && !mayComeLate) this.violations.push(`message ${n} was delivered after ${last}`);
      this.#last.set(key, Math.max(last, n));
      this.#settled.add(n);
    }
  }

  async #step(): Promise<unknown> {
    const { test } = this.#process as Process;
    const partition = this.#pick([0, 1]);
    const kinds = ['append', 'append', 'append', 'advance', 'advance', 'advance', 'mood', 'pause', 'kill', 'stop'];
    switch (this.#pick([...kinds, 'revoke', 'lose', 'reload', 'trip', 'store'])) {
      case 'append':
        return this.#append(partition);
      case 'mood':
        return (this.#process as Process).moods.set(
          this.#pick(CHANNELS),
          this.#pick(['well', 'failing', 'hanging', 'picky', 'picky']),
        );
      case 'pause':
        return this.#pick([() => test.router.pause(), () => test.router.resume()])();
      case 'kill':
        return this.#kill();
      case 'stop':
        return this.#stop();
      case 'store':
        return this.#store.failWith(this.#pick([undefined, new Error('the disk is full')]));
      case 'revoke':
        return this.#revoke(partition);
      case 'lose':
        this.#source.lose(partition);
        return this.#source.assign(partition);
      case 'reload':
        test.router
          .reconfigure({ channels: { ...test.router.config.channels, ohlcv: { batchSize: this.#pick([1, 4]) } } })
          .catch(() => {});
        return this.#clock.advance(50);
      case 'trip':
        return this.#pick([() => test.router.trip('fmv'), () => test.router.reset('fmv')])();
      default:
        return this.#clock.advance(this.#pick([1, 30, 250, 2_000]));
    }
  }

  #append(partition: number): void {
    const frame: TestMessage[] = [];
    for (let count = this.#pick([1, 2, 5]); count > 0; count -= 1) {
      frame.push({ ev: this.#pick(['AM', 'FMV']), sym: String(partition), n: this.#appended });
      this.#appended += 1;
    }
    const position = this.#source.append(frame, partition);
    for (const { n } of frame) {
      this.#positions.set(n, position);
      this.#partitionOf.set(n, partition);
    }
  }

  /** As a SIGKILL: what the process does from now on happens nowhere. */
  async #kill(): Promise<void> {
    (this.#process as Process).life.isDead = true;
    this.#source.kill();
    ((this.#process as Process).test.router.actor as unknown as { stop(): void }).stop();
    await this.#begin();
  }

  async #stop(): Promise<void> {
    const { test } = this.#process as Process;
    const report = await test.stop({ deadlineMs: this.#pick([0, 500, 5_000]) });
    const { read = 0, committed = 0, left = 0, heldFrames = [] } = report.sources.feed ?? {};
    const held = heldFrames.reduce((sum, { positions }) => sum + positions.length, 0);
    if (read !== committed + left + held) this.violations.push(`report: ${read} ≠ ${committed} + ${left} + ${held}`);
    // The process ends, and with it a close that came too late.
    (this.#process as Process).life.isDead = true;
    this.#source.kill();
    await this.#begin();
  }

  async #revoke(partition: number): Promise<void> {
    await (this.#process as Process).test.advanceUntil(this.#source.revoke(partition, this.#pick([10, 1_000])));
    this.#source.assign(partition);
  }

  #check(when: string): void {
    const { test } = this.#process as Process;
    const { sources, conserved } = test.router.metrics();
    if (!conserved) this.violations.push(`${when}: the router says that it is not conserved`);
    if (sources.feed !== undefined) this.#checkLaw(when, sources.feed);
    for (const { held, partition } of test.router.sources.get('feed')?.partitions ?? []) {
      if (held > WINDOW) this.violations.push(`${when}: partition ${partition} holds ${held} frames`);
    }
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const committed = this.#source.committed(partition);
      const before = this.#committed[partition] ?? 0;
      if (committed < before) this.violations.push(`${when}: the commit went back from ${before} to ${committed}`);
      this.#committed[partition] = committed;
    }
    this.#checkNothingSkipped(when);
  }

  #checkLaw(when: string, { committed, held, left, places, read }: SourceMetrics): void {
    const placed = Object.values(places).reduce((sum, count) => sum + count, 0);
    if (read !== committed + left + held || held !== placed)
      this.violations.push(
        `${when}: ${read} read, ${committed} committed, ${left} left, ${held} held in ${placed} places`,
      );
  }

  #checkNothingSkipped(when: string): void {
    for (let n = 0; n < this.#appended; n += 1) {
      const partition = this.#partitionOf.get(n) ?? 0;
      if ((this.#positions.get(n) ?? 0) <= (this.#committed[partition] ?? 0) && !this.#settled.has(n))
        this.violations.push(`${when}: message ${n} is committed and not settled`);
    }
  }

  /** Without any trouble everything is delivered, and the process leaves no timer. */
  async #finish(): Promise<void> {
    if (this.violations.length > 0) return;
    const process = this.#process as Process;
    this.#source.calm();
    this.#store.calm();
    process.moods.clear();
    process.test.router.resume();
    process.test.router.reset('fmv');
    process.test.router.reset('ohlcv');
    await this.#clock.advance(120_000);
    this.#check('at the end');
    const open = [...this.#positions.keys()].filter((n) => !this.#settled.has(n));
    if (open.length > 0) this.violations.push(`never delivered: ${open.join(', ')}; ${this.#words(process)}`);
    await process.test.stop();
  }

  #words({ test }: Process): string {
    return `${test.router.explain('feed').sentence} ${test.explanations()}`;
  }

  #pick<Value>(from: readonly Value[]): Value {
    return from[Math.floor(this.#random() * from.length)] as Value;
  }
}
