import type { ChannelMetrics, Explanation, SourceMetrics } from '../../src/index.ts';
import { checkBounds, checkConservation } from '../../src/testing/checkers.ts';
import type { Account } from './account.ts';
import type { ChannelInput } from './channel-configs.ts';
import { FEED, type World } from './world.ts';

/** What may wait beside a full mailbox: a batch that failed, ten suspects, and those it takes to open the breaker after that. */
const HELD_BATCHES_MAX = 34;
/** A breaker looks back over a window of tenths. */
const WINDOW_SLACK = 1.001;
/** A state whose end explain has announced for now may take so much longer: timers round. */
const OVERDUE_MS = 5;

const statuses: Readonly<{ [state: string]: string }> = {
  idle: 'healthy',
  buffering: 'healthy',
  flushing: 'healthy',
  tripped: 'unhealthy',
  failed: 'unhealthy',
};

/** What must be so between two steps, when everything that is due has been called. */
export class StepLaws {
  readonly #world: World;
  /** Since when explain says that a state ends now, by channel, with the beginning of the state. */
  readonly #overdue = new Map<string, { readonly since: number; readonly at: number }>();
  #receivedBefore = 0;

  constructor(world: World) {
    this.#world = world;
  }

  check(): void {
    const { router, record, accounts, clock } = this.#world;
    const metrics = router.metrics();
    record.check('conservation', checkConservation(metrics));
    if ([...accounts.values()].every((account) => !account.wasReloaded))
      record.check('bounds', checkBounds(metrics, router.config));
    this.#checkOutside(metrics.sources[FEED]);
    this.#checkAnswers();
    this.#checkOverrides();
    for (const stream of this.#world.streams) record.check('streams', stream.check(metrics));
    if (metrics.received < this.#receivedBefore) record.violated('counts', 'received goes back');
    this.#receivedBefore = metrics.received;
    const isReplayed = [...accounts.values()].some(({ hasReplays }) => hasReplays);
    if (!isReplayed && metrics.unroutable !== this.#world.unroutable)
      record.violated('counts', `${metrics.unroutable} unroutable, outside ${this.#world.unroutable}`);
    const { channels: healths } = router.health();
    // Of letters that a store has not taken by the end its report tells.
    const isEnding = this.#world.stopping !== undefined || router.state === 'failed';
    const isStopping = isEnding && this.#world.outside?.store !== undefined;
    const lettersWaiting = isStopping ? Number.POSITIVE_INFINITY : metrics.deadLetters.waiting;
    for (const [name, channel] of Object.entries(metrics.channels)) {
      const account = this.#world.account(name);
      if (account.isGone || this.#world.isBlind(name)) continue;
      const explained = router.explain(name);
      record.check('counts', countProblems(account, channel, lettersWaiting));
      record.check('bounds', boundProblems(account, channel));
      record.check('explain', this.#explainProblems(account, channel, explained));
      record.check('breaker', this.#windowProblems(account, channel));
      const health = healths[name];
      const ofState = statuses[explained.state] ?? 'degraded';
      const hasAlert = router.alerts.some(({ channel: about }) => about === name);
      const expected = ofState === 'healthy' && hasAlert ? 'degraded' : ofState;
      if (health?.state !== explained.state || health.status !== expected)
        record.violated('health', `${name} is ${explained.state} and its health ${health?.status} (${health?.state})`);
      account.forget(clock.now() - 2_000);
    }
  }

  #checkOutside(metrics: SourceMetrics | undefined): void {
    const { outside, record } = this.#world;
    if (outside !== undefined) record.check('source', outside.check(metrics));
  }

  /** Whoever brought a message was told what became of it. */
  #checkAnswers(): void {
    const { answers, everyAccount, record } = this.#world;
    for (const { channel, n, isAccepted } of answers.splice(0)) {
      const isTaken = [...everyAccount].some(({ fates }) => fates.get(n)?.isAccepted);
      if (isTaken !== isAccepted && !(isAccepted && this.#world.isBlind(channel)))
        record.violated(
          'door',
          `${channel}: message ${n} is ${isAccepted ? 'accepted, and not' : 'rejected, and'} taken in`,
        );
    }
  }

  /** What code said is in force, whatever files say. */
  #checkOverrides(): void {
    const { plan, record, router } = this.#world;
    for (const [name, said] of Object.entries(plan.overrides?.channels ?? {})) {
      const config: ChannelInput | undefined = router.config.channels[name];
      for (const [field, value] of Object.entries(said))
        if (config !== undefined && config[field as keyof ChannelInput] !== value)
          record.violated('code wins', `${name}.${field} is not ${value}: ${JSON.stringify(config)}`);
    }
  }

  #explainProblems(account: Account, channel: ChannelMetrics, explained: Explanation): string[] {
    const { name } = account;
    const { state, waiting, inFlight, sentence } = explained;
    const problems: string[] = [];
    if (state !== channel.state) problems.push(`${name}: explain says ${state}, metrics say ${channel.state}`);
    if (waiting !== channel.depth || inFlight !== channel.inFlight)
      problems.push(`${name}: explain says ${waiting} waiting, ${inFlight} in flight; ${JSON.stringify(channel)}`);
    if (!sentence.includes(state)) problems.push(`${name}: the sentence does not name the state: ${sentence}`);
    if (state === 'idle' && waiting + inFlight > 0) problems.push(`${name}: idle, but ${sentence}`);
    if (state === 'buffering' && (waiting === 0 || inFlight > 0)) problems.push(`${name}: buffering, but ${sentence}`);
    if (state === 'tripped' && channel.breaker?.state === 'closed')
      problems.push(`${name}: tripped with a closed breaker: ${sentence}`);
    const seen = account.partitionsMax === 1 ? this.#world.partition(name).state : state;
    if (seen !== state) problems.push(`${name}: explain says ${state}, it was last seen to enter ${seen}`);
    return [...problems, ...this.#overdueProblems(explained)];
  }

  /** What explain has announced for now comes now. */
  #overdueProblems({ channel, state, sinceMs, endsInMs, sentence }: Explanation): string[] {
    const now = this.#world.clock.now();
    const since = now - sinceMs;
    const before = this.#overdue.get(channel);
    if (endsInMs !== 0) {
      this.#overdue.delete(channel);
      return [];
    }
    if (before === undefined || Math.abs(before.since - since) > 0.01 || before.at < this.#world.jumpedAt) {
      this.#overdue.set(channel, { since, at: now });
      return [];
    }
    const allowedMs = OVERDUE_MS + (this.#world.wasBusy ? 300 : 0);
    // Taken out while a reload closes it: it ends by the deadline that was there first.
    if (state === 'closing' && (this.#world.promised.get('reload') ?? 0) > 0) return [];
    const overdueMs = now - before.at;
    return overdueMs > allowedMs ? [`${channel}: should have ended ${overdueMs} ms ago: ${sentence}`] : [];
  }

  /** A breaker may remember no more calls than its window holds. */
  #windowProblems({ name, calls, config }: Account, { breaker }: ChannelMetrics): string[] {
    const limits = config.breaker;
    if (breaker === null || limits === undefined || limits === false || limits.shared !== undefined) return [];
    const { window = { count: 20 } } = limits;
    const running = calls.filter(({ isSuccess }) => isSuccess === undefined).length;
    const now = this.#world.clock.now();
    const recent = 'ms' in window ? calls.filter(({ endedAt }) => endedAt >= now - window.ms * WINDOW_SLACK) : calls;
    const callsMax = 'ms' in window ? recent.length + running : window.count + running;
    if (breaker.rates.calls <= callsMax || this.#world.account(name).wasReloaded) return [];
    return [`${name}: the breaker counts ${breaker.rates.calls} calls, its window has ${callsMax}`];
  }
}

/** The router counts what is seen from outside. */
function countProblems(account: Account, channel: ChannelMetrics, lettersWaiting: number): string[] {
  const problems: string[] = [];
  const equal = (what: string, counted: number, seen: number): void => {
    if (counted !== seen) problems.push(`${account.name}: ${counted} ${what}, outside ${seen} were seen`);
  };
  equal('delivered', channel.delivered, account.delivered);
  const unwritten = channel.deadLettered - account.deadLettered;
  if (unwritten < 0 || unwritten > lettersWaiting) equal('dead-lettered', channel.deadLettered, account.deadLettered);
  if (channel.state !== 'stopped') equal('in flight', channel.inFlight, account.inFlight);
  if (account.hasReplays) return problems;
  equal('accepted', channel.accepted, account.accepted);
  equal('rejected', channel.rejected, account.rejected);
  return problems;
}

function boundProblems(account: Account, { depth, breaker }: ChannelMetrics): string[] {
  const { name, partitionsMax, capacityMax, batchSizeMax } = account;
  const held = Math.max(HELD_BATCHES_MAX * batchSizeMax, 2 * capacityMax);
  const depthMax = partitionsMax * (capacityMax + held);
  const problems = depth > depthMax ? [`${name}: ${depth} wait, above ${depthMax}`] : [];
  if (breaker !== null && !['open', 'half-open', 'closed'].includes(breaker.state))
    problems.push(`${name}: a breaker that is ${breaker.state}`);
  return problems;
}
