import type { Explanation } from '../../src/index.ts';
import type { Account } from './account.ts';
import { StepLaws } from './laws-of-steps.ts';
import { checkEnd, finalCounts } from './laws-of-the-end.ts';
import { perform } from './operations.ts';
import type { Plan } from './plan.ts';
import type { Arrow, Violation } from './record.ts';
import { FEED, World } from './world.ts';

/** What came of a run. */
export interface RunResult {
  readonly seed: number;
  /** Of the event log. */
  readonly hash: string;
  readonly violations: readonly Violation[];
  /** The last transitions and calls: up to the end, or up to the first violation and a little beyond. */
  readonly arrows: readonly Arrow[];
  readonly lines: readonly string[];
  readonly faults: ReadonlyMap<string, number>;
  readonly combinations: ReadonlyMap<string, number>;
  /** Messages that were sent to the router. */
  readonly messages: number;
}

/** The longest simulated time between two looks while faults go on. */
const LOOK_MS_MAX = 80;
/** How long a router may need for what is left when the faults have ended, in ms; more for each message that waits. */
const RECOVERY_MS = 20_000;
const RECOVERY_MS_PER_MESSAGE = 1_000;
const RECOVERY_MS_MAX = 60_000;
/** A store that was full or down for long is tried again this much later, in ms, at the latest. */
const STORE_MS = 40_000;
/** A replay goes on by itself, and a stream waits as long as there is no room: both end with the router. */
const LATER: ReadonlySet<string> = new Set(['replay', 'stream']);
const FRESH_ROUNDS = 25;
/** The longest `timeoutMs`, twice the pause that ends a delivery, and the turns of the others. */
const FRESH_MS = 110;
const DRAIN_MS = 5_000;
/** Longer than any call of a sink goes on. */
const AFTERWARDS_MS = 2_000;

/** Runs a plan, step by step, and checks every law after each step. */
export async function run(plan: Plan): Promise<RunResult> {
  const current = new Run(plan);
  const { record } = current.world;
  const rejected = (error: unknown): void => record.violated('contained', `a rejection reached the host: ${error}`);
  process.on('unhandledRejection', rejected);
  try {
    await current.go();
  } catch (error) {
    record.violated('contained', `an exception reached the host: ${error instanceof Error ? error.stack : error}`);
  } finally {
    process.off('unhandledRejection', rejected);
  }
  const { hash, violations, arrows, lines, faults, combinations } = record;
  const messages = current.world.lastId;
  return { seed: plan.seed, hash, violations, arrows, lines, faults, combinations, messages };
}

class Run {
  readonly #plan: Plan;
  /** That of the process that lives now. */
  #world: World;
  #laws: StepLaws;
  #started: Promise<void> = Promise.resolve();

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#world = new World(plan);
    this.#laws = new StepLaws(this.#world);
  }

  get world(): World {
    return this.#world;
  }

  async go(): Promise<void> {
    const { clock, record } = this.#world;
    await this.#begin();
    for (const { atMs, operation } of this.#plan.actions) {
      await this.#advanceTo(atMs);
      if (this.#world.stopping !== undefined) return this.#stop(0);
      record.arrow('operator', 'router', JSON.stringify(operation));
      if (operation.kind === 'kill') {
        await this.#kill();
        continue;
      }
      if (operation.kind === 'stop') {
        record.struck('stopped in the midst');
        return this.#stop(operation.deadlineMs);
      }
      this.#world.perform(operation);
      await this.#step(0);
    }
    await this.#advanceTo(clock.now() + 20);
    if (this.#world.stopping !== undefined) return this.#stop(0);
    await this.#recover();
    await this.#started;
    await this.#stop(DRAIN_MS);
  }

  async #begin(): Promise<void> {
    const world = this.#world;
    world.perform = (operation) => perform(world, operation);
    this.#started = world.router.start().catch((error: unknown) => world.record.log(`start failed: ${error}`));
    await this.#step(0);
  }

  /** The process dies, and another one begins with what lasts. */
  async #kill(): Promise<void> {
    const { outside, record, router } = this.#world;
    record.struck('killed');
    this.#world.isDead = true;
    outside?.source.kill();
    // An actor without a parent can be stopped: its host is gone.
    (router.actor as unknown as { stop(): void }).stop();
    this.#world = new World(this.#plan, this.#world);
    this.#laws = new StepLaws(this.#world);
    await this.#begin();
  }

  async #advanceTo(atMs: number): Promise<void> {
    const { clock } = this.#world;
    while (clock.now() < atMs) await this.#step(Math.min(LOOK_MS_MAX, atMs - clock.now()));
  }

  /** Time goes on; then every law is checked. */
  async #step(ms: number): Promise<void> {
    const { clock } = this.#world;
    await clock.advance(ms);
    // A sink that keeps the processor moves the clock past the end of the step: what fell due then is called now.
    await clock.settle();
    this.#laws.check();
    const { outside, record } = this.#world;
    if (outside?.store !== undefined) record.check('letters', await outside.checkLetters());
  }

  /** The faults end: from here on everything that can be delivered must be. */
  async #recover(): Promise<void> {
    const { router, record } = this.#world;
    record.arrow('operator', 'router', 'the faults end');
    this.#calm();
    await this.#step(1);
    await this.#untilCalm();
    // As long as poison becomes less, it is a matter of time: each cool-down lets only a few trials through.
    let least = Number.POSITIVE_INFINITY;
    for (let rounds = FRESH_ROUNDS; rounds > 0; rounds -= 1) {
      await this.#sendFreshTraffic();
      if (!this.#hasDoomed()) break;
      // A source brings the next poison where one was given up.
      const channels = Object.values(router.metrics().channels);
      const left = this.#waiting() - channels.reduce((sum, { deadLettered }) => sum + deadLettered, 0);
      if (left < least) rounds = FRESH_ROUNDS;
      least = Math.min(least, left);
    }
    // It has failed to its host: what waited was handed back.
    if (router.state === 'failed') return record.struck('escalated');
    this.#checkRest();
    if (this.#waiting() === 0 && this.#world.outside?.isDone === false)
      record.violated('liveness', `nothing waits and not all is committed: ${router.explain(FEED).sentence}`);
    await this.#checkTimers();
  }

  #waiting(): number {
    return this.#channels().reduce((sum, { explained }) => sum + explained.waiting, 0);
  }

  /** An operator sees to what the supervisor has given up. */
  #restartGivenUp(): void {
    const { outside, router } = this.#world;
    if (outside?.isFull) {
      outside.lettersLeft();
      router.deadLetters.drop().catch(() => {});
    }
    if (outside !== undefined && router.state !== 'failed' && router.sources.get(FEED)?.state === 'failed')
      router.restart(FEED);
    for (const { account, explained } of this.#channels())
      if (router.state !== 'failed' && explained.endsBy.startsWith('restart by hand')) router.restart(account.name);
  }

  /** Waits until nothing waits but poison that nothing gives evidence against. */
  async #untilCalm(): Promise<void> {
    const { clock } = this.#world;
    const waiting = this.#waiting();
    const forStoreMs = this.#world.outside?.isDone === false ? STORE_MS : 0;
    const recoveryMs = Math.min(RECOVERY_MS_MAX, RECOVERY_MS + RECOVERY_MS_PER_MESSAGE * waiting);
    let deadline = clock.now() + recoveryMs + forStoreMs;
    let letters = Number.POSITIVE_INFINITY;
    for (let stepMs = 5; clock.now() < deadline && !this.#isCalm(); stepMs = Math.min(500, stepMs * 1.5)) {
      await this.#step(stepMs);
      this.#restartGivenUp();
      // A small store takes a few at a time, each time that somebody has made room.
      const { waiting: left } = this.#world.router.metrics().deadLetters;
      if (left < letters) deadline = Math.max(deadline, clock.now() + STORE_MS);
      letters = Math.min(letters, left);
    }
    if (!this.#isCalm()) this.#tellStuck();
  }

  /** Everything the plan has broken is whole again; what is still out of it stays undone. */
  #calm(): void {
    const { router, sinks, throwing, inside, outside } = this.#world;
    outside?.source.calm();
    outside?.source.failReads(undefined);
    outside?.source.failCommits(undefined);
    outside?.store?.calm();
    for (const sink of sinks) {
      sink.mode = { kind: 'healthy' };
      sink.crashes.clear();
    }
    Object.assign(throwing, { listener: false, logger: false, inspector: false });
    inside.clear();
    router.resume();
  }

  #isCalm(): boolean {
    const { promised, router } = this.#world;
    if (router.state === 'failed') return true;
    const isOwed = [...promised].some(([what, count]) => !LATER.has(what) && count > 0);
    const isWriting = router.metrics().deadLetters.waiting > 0;
    // What is committed last waits for nobody but its time.
    if (isWriting || (this.#world.outside?.isDone === false && this.#waiting() === 0)) return false;
    return !isOwed && this.#channels().every(({ account, explained }) => isCalm(account, explained));
  }

  #channels(): readonly { readonly account: Account; readonly explained: Explanation }[] {
    const { router } = this.#world;
    return [...router.channels.keys()].map((name) => {
      return { account: this.#world.account(name), explained: router.explain(name) };
    });
  }

  #tellStuck(): void {
    const { record, promised } = this.#world;
    for (const { account, explained } of this.#channels())
      if (!isCalm(account, explained)) record.violated('liveness', explained.sentence);
    const { waiting } = this.#world.router.metrics().deadLetters;
    if (waiting > 0) record.violated('liveness', `${waiting} dead letters are not in their store`);
    for (const [what, count] of promised)
      if (!LATER.has(what) && count > 0) record.violated('liveness', `${count} × ${what} unanswered`);
  }

  /** A router that is well takes a message at once and delivers it in time; to poison it is the evidence. */
  async #sendFreshTraffic(): Promise<void> {
    const { record, router } = this.#world;
    if (router.state === 'failed') return;
    // A replay and a source go on by themselves, and bring messages as late as it likes.
    const { outside, promised } = this.#world;
    const isQuiet = [...LATER].every((what) => (promised.get(what) ?? 0) === 0) && outside?.isDone !== false;
    const wasEmpty = this.#channels().filter(
      ({ explained: { state, waiting } }) => isQuiet && state === 'idle' && waiting === 0,
    );
    for (const { account } of this.#channels()) {
      const before = account.accepted;
      this.#world.route(account.name, 1, null);
      if (account.accepted !== before + 1 && this.#areIdle(account.config.dataType))
        record.violated('liveness', `${account.name} is calm and refuses a message`);
    }
    await this.#step(FRESH_MS);
    for (const { account } of wasEmpty) {
      const { inFlight, waiting, sentence } = router.explain(account.name);
      if (inFlight + waiting > 0) record.violated('liveness', `a fresh message is still there: ${sentence}`);
    }
    await this.#untilCalm();
  }

  /** All channels that share a data type are. */
  #areIdle(dataType: string | undefined): boolean {
    const sharing = this.#channels().filter(({ account }) => account.config.dataType === dataType);
    return sharing.every(({ explained: { state } }) => state === 'idle');
  }

  /** Once something was delivered after it, poison is a dead letter. */
  #checkRest(): void {
    for (const { account, explained } of this.#channels())
      if (isDoomed(account, explained) && this.#takesEvidence(account.config.dataType))
        this.#world.record.violated('liveness', `poison is there: ${explained.sentence}`);
  }

  /** Nobody among those that share the data type refuses a message for all while it is tripped. */
  #takesEvidence(dataType: string | undefined): boolean {
    const sharing = this.#channels().filter(({ account }) => account.config.dataType === dataType);
    return sharing.every(({ account }) => account.config.whenTripped !== 'reject');
  }

  #hasDoomed(): boolean {
    return (
      this.#world.router.state !== 'failed' &&
      this.#channels().some(({ account, explained }) => isDoomed(account, explained))
    );
  }

  /** When all channels are idle, nothing of the router waits for a time to come. */
  async #checkTimers(): Promise<void> {
    const { outside, routerClock, router, record } = this.#world;
    // Once a second a source that is read is looked at.
    const timersMax = outside === undefined ? 0 : 1;
    const isIdle = (): boolean =>
      router.metrics().deadLetters.waiting === 0 &&
      this.#channels().every(({ explained }) => explained.state === 'idle');
    // Poison may be tried for a long while yet; what was refused last is looked at for twenty seconds.
    for (let busy = 0, idle = 0; busy < 20 && idle < 24 && routerClock.pending > timersMax; ) {
      await this.#step(1_000);
      this.#restartGivenUp();
      if (isIdle()) idle += 1;
      else [busy, idle] = [busy + 1, 0];
    }
    const isListening = this.#channels().some(({ account }) => (account.config.silenceMs ?? 0) > 0);
    if (routerClock.pending <= timersMax || !isIdle() || isListening) return;
    const alerts = router.alerts.map(({ alert }) => alert).join(', ');
    record.violated(
      'idle costs nothing',
      `${routerClock.pending} timers wait although nothing does; alerts: ${alerts}`,
    );
  }

  /** Stops it, or waits for its end if it was stopped from inside. */
  async #stop(orderedMs: number): Promise<void> {
    const { clock, record } = this.#world;
    let over: { readonly at: number } | undefined;
    const stopped = this.#world.stop(orderedMs);
    const { at: from, deadlineMs } = this.#world.stopping ?? { at: clock.now(), deadlineMs: orderedMs };
    const stopping = stopped.then(() => {
      over = { at: clock.now() };
    });
    await this.#step(0);
    const latest = clock.now() + deadlineMs + 2_000;
    for (let stepMs = 2; over === undefined && clock.now() < latest; stepMs = Math.min(250, stepMs * 1.5))
      await this.#step(stepMs);
    if (over === undefined) return record.violated('stop', `it does not settle, with a deadline of ${deadlineMs} ms`);
    await stopping;
    const report = await stopped;
    await clock.settle();
    checkEnd(this.#world, report, over.at - from, deadlineMs);
    record.log(`report ${JSON.stringify(report)}`);
    const counts = finalCounts(this.#world);
    await clock.advance(AFTERWARDS_MS);
    const later = finalCounts(this.#world);
    if (later !== counts) record.violated('stop', `after its end ${counts} became ${later}`);
    for (const [what, count] of this.#world.promised)
      if (count > 0) record.violated('liveness', `${count} × ${what} unanswered after the stop`);
    this.#world.record.log('end');
  }
}

/** A breaker that has nothing to try its sink with goes on probing; poison stays until something else is delivered. */
function isCalm(account: Account, { state, waiting, inFlight }: Explanation): boolean {
  if (inFlight > 0) return false;
  // What others bring to a breaker that is shared may trip it again and again.
  if (waiting === 0) return state === 'idle' || state === 'probing' || (state === 'tripped' && !account.isAlone);
  return account.mayHold(waiting);
}

/**
 * It holds poison that evidence must come for. Without `isolate` the whole batch waits for it; and who refuses what comes
 * while it is tripped may never get any.
 */
function isDoomed({ config, isolates, isAlone }: Account, { state, waiting }: Explanation): boolean {
  return (
    waiting > 0 &&
    state !== 'buffering' &&
    isolates &&
    isAlone &&
    config.whenTripped !== 'reject' &&
    config.breaker !== false
  );
}
