import { backoffMs, hurriedMs } from './backoff.ts';
import type {
  BreakerCause,
  BreakerChange,
  BreakerLimits,
  BreakerRates,
  BreakerState,
  BreakerUser,
  Caller,
} from './breaker-change.ts';
import { type BreakerWindow, createBreakerWindow, FAILED, SLOW } from './breaker-window.ts';
import type { CallTimes } from './call-times.ts';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/**
 * A circuit breaker without timers of its own: its users join, report their calls, and ask. Each stay in a state is an
 * *epoch*. An outcome counts only in the epoch that admitted the call; a late one changes nothing. One breaker
 * may serve several users of the same sink.
 */
export class Breaker {
  state: BreakerState = 'closed';
  /** It is closed and remembers nothing but quick successes, so that one more changes nothing. */
  isPristine = false;
  /** Counts the stays in states; an outcome from another epoch is late. */
  epoch = 0;
  /** How often it opened. */
  opened = 0;
  /** When the present stay began, on the clock. */
  since: number;
  /** Until when it stays open at least, on the clock; meaningful while open. */
  openUntil = 0;
  limits: BreakerLimits;
  private window: BreakerWindow;
  private readonly clock: Pick<Clock, 'now'>;
  private readonly random: Random;
  users: readonly BreakerUser[] = [];
  /** The changes that users do not know yet, in order; undefined: they know all. */
  private changes: BreakerChange[] | undefined;
  /** Callers that were refused a permit, and try again when it is free; undefined: none was. */
  private refused: Set<{ requestTurn(): void }> | undefined;
  private lastCoolDownMs = 0;
  private opensInRow = 0;
  private probesPassed = 0;
  /** An operator said how long it stays open, which nothing shortens. */
  private isHeld = false;
  /** Until then a drain runs, on the clock. */
  private hurryUntil = 0;
  /** When the outstanding permit was given; -Infinity: none is out. */
  private permitSince = Number.NEGATIVE_INFINITY;

  constructor(limits: BreakerLimits, clock: Pick<Clock, 'now'>, random: Random) {
    this.limits = limits;
    this.window = createBreakerWindow(limits.window);
    this.clock = clock;
    this.random = random;
    this.since = clock.now();
  }

  /** May be called at any time; state and history stay. */
  reconfigure(limits: BreakerLimits): void {
    const wasActive = !this.limits.observeOnly;
    const window = createBreakerWindow(limits.window);
    // A change of limits keeps the history.
    this.window.visit(this.clock.now(), (outcome, at, times) => window.record(outcome, at, times));
    this.window = window;
    this.isPristine = false;
    this.limits = limits;
    if (limits.observeOnly && wasActive && this.state !== 'closed') this.enter('closed', 'operator');
  }

  /** How long the cool-down still takes, in milliseconds; 0 when not open. */
  coolDownLeftMs(): number {
    return this.state === 'open' ? Math.max(0, this.openUntil - this.clock.now()) : 0;
  }

  /** The rates now; while not closed, those of the last time it was. */
  rates(): BreakerRates {
    const now = this.clock.now();
    const { calls, failures, slow } = this.window.totals(now);
    // A sink that hangs completes nothing: its calls must count before they end, or it would never be noticed.
    const overdue = this.state === 'closed' ? this.overdue(now) : 0;
    const all = calls + overdue;
    if (all === 0 || all < this.limits.minimumCalls) return { calls: all, failureRate: null, slowCallRate: null };
    return { calls: all, failureRate: failures / all, slowCallRate: (slow + overdue) / all };
  }

  /** Whether a closed breaker is beyond its limits, as it can be while it only observes. */
  get wouldBeOpen(): boolean {
    return this.state === 'closed' && this.breach() !== undefined;
  }

  /** A call reports its outcome with `epoch` as it was when it began. One that timed out has failed; what comes of it then is late. */
  callEnded(epoch: number, isSuccess: boolean, { startedAt, durationMs }: CallTimes): void {
    if (epoch !== this.epoch) return;
    const outcome = (isSuccess ? 0 : FAILED) | (durationMs >= this.limits.slowCallMs ? SLOW : 0);
    if (this.state === 'half-open') this.probeSettled(outcome);
    else if (this.state === 'closed') {
      this.isPristine = this.window.record(outcome, startedAt + durationMs);
      if (outcome !== 0) this.evaluate();
    }
  }

  /** The call says nothing about the sink; a probe gives its permit back. */
  callCanceled(epoch: number): void {
    if (epoch === this.epoch) this.freePermit();
  }

  /** Looks for calls that have been out too long: ask now and then while any is out. */
  checkInFlight(): void {
    if (this.state === 'open' || this.overdue(this.clock.now()) === 0) return;
    if (this.state === 'half-open') this.open('probe-failed');
    else this.evaluate();
  }

  /**
   * Whether a call may go out now. Once the cool-down is over that takes a permit, and there is one at a time. It comes
   * back with the outcome, or lapses after `slowCallMs`, so that a caller that dies with it cannot lock the breaker. A
   * caller that is refused because the permit is out requests a turn when it is back.
   */
  probe(refused?: { requestTurn(): void }): boolean {
    this.checkInFlight();
    if (this.state === 'closed') return true;
    const now = this.clock.now();
    if (this.state === 'open') {
      if (now < this.openUntil) return false;
      this.enter('half-open', 'cool-down');
    }
    if (now - this.permitSince < this.limits.slowCallMs) {
      if (refused !== undefined) this.refused = (this.refused ?? new Set()).add(refused);
      return false;
    }
    this.permitSince = now;
    return true;
  }

  /** The cool-down ends at `at` if it would take longer, unless an operator said how long it takes. False: it does not. */
  hasten(at: number): boolean {
    if (this.state !== 'open' || this.isHeld || at >= this.openUntil) return false;
    this.openUntil = at;
    for (const user of this.users) user.coolDownShortened?.();
    return true;
  }

  /** The fuller the mailbox, from 0 to 1, the sooner it may be probed: in the end after `coolDownMs`. False: as planned. */
  press(fill: number): boolean {
    return this.hasten(this.since + Math.max(this.limits.coolDownMs, (1 - fill) * this.lastCoolDownMs));
  }

  /** A drain that ends at `by` begins: it may be probed at once, and again and again. */
  hurry(by: number): void {
    this.hurryUntil = Math.max(this.hurryUntil, by);
    this.hasten(this.clock.now());
  }

  /** Opens by hand, for the usual cool-down or a given one; Infinity: until `reset`. */
  trip(coolDownMs?: number): void {
    this.open('operator', coolDownMs);
  }

  /** Closes by hand and forgets the history. */
  reset(): void {
    this.window.clear();
    this.isPristine = false;
    this.opensInRow = 0;
    if (this.state !== 'closed') this.enter('closed', 'operator');
  }

  /** From now on the calls of a user count, and `breakerChanged` is called for every change, in order. */
  join(user: BreakerUser): void {
    // Not spread: V8 makes such an array too large, and most breakers have one user.
    this.users = this.users.concat(user);
  }

  leave(user: BreakerUser): void {
    this.users = this.users.filter((each) => each !== user);
  }

  /** How many calls of this epoch have been out for `slowCallMs` or longer. */
  private overdue(now: number): number {
    const isOverdue = (caller: Caller): boolean =>
      caller.epoch === this.epoch && now - caller.startedAt >= this.limits.slowCallMs;
    return this.users.flatMap(({ callers }) => callers).filter(isOverdue).length;
  }

  private freePermit(): void {
    this.permitSince = Number.NEGATIVE_INFINITY;
    const refused = this.refused ?? [];
    this.refused = undefined;
    for (const each of refused) each.requestTurn();
  }

  private probeSettled(outcome: number): void {
    this.probesPassed += 1;
    this.freePermit();
    if (outcome !== 0) this.open('probe-failed');
    else if (this.probesPassed >= this.limits.probes) {
      this.window.clear();
      this.enter('closed', 'probes-passed');
    }
  }

  private evaluate(): void {
    const cause = this.limits.observeOnly ? undefined : this.breach();
    if (cause !== undefined) this.open(cause);
  }

  private breach(): BreakerCause | undefined {
    const { failureRate, slowCallRate } = this.rates();
    if (failureRate !== null && failureRate >= this.limits.failureRate) return 'failure-rate';
    return slowCallRate !== null && slowCallRate >= this.limits.slowCallRate ? 'slow-call-rate' : undefined;
  }

  private open(cause: BreakerCause, heldMs?: number): void {
    const now = this.clock.now();
    this.isHeld = heldMs !== undefined;
    this.openUntil = now + (heldMs ?? hurriedMs(this.nextCoolDownMs(), this.hurryUntil, now));
    this.opened += 1;
    this.enter('open', cause);
  }

  /** Cool-downs grow until the breaker was closed for as long as the last of them took. */
  private nextCoolDownMs(): number {
    const { coolDownMs: delayMs, coolDownMsMax: delayMsMax } = this.limits;
    if (this.state === 'closed' && this.clock.now() - this.since >= this.lastCoolDownMs) this.opensInRow = 0;
    this.opensInRow += 1;
    const jitter = (): number => 0.5 + 0.5 * this.random();
    this.lastCoolDownMs = backoffMs({ delayMs, factor: 2, delayMsMax }, this.opensInRow, jitter);
    return this.lastCoolDownMs;
  }

  private enter(to: BreakerState, cause: BreakerCause): void {
    const change = { from: this.state, to, cause, rates: this.rates() };
    this.state = to;
    this.isPristine = false;
    this.epoch += 1;
    this.since = this.clock.now();
    this.probesPassed = 0;
    this.freePermit();
    // A user may cause the next change: it is published once all users know this one.
    if (this.changes !== undefined) return void this.changes.push(change);
    this.changes = [change];
    try {
      for (const next of this.changes) for (const user of this.users) user.breakerChanged(next);
    } finally {
      this.changes = undefined;
    }
  }
}
