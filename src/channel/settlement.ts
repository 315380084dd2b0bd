import { backoffMs, hurriedMs } from '../core/backoff.ts';
import { CALL_WEIGHT } from '../core/coarse-clock.ts';
import { Counter } from '../core/counters.ts';
import { errorText } from '../core/error-text.ts';
import type { Origins } from '../core/origin.ts';
import { type FailedBatch, pick } from '../core/recovery.ts';
import { type Verdict, verdictOf } from '../core/verdict.ts';
import { askedMsOf, isRetryable } from './advice.ts';
import type { Call } from './call.ts';
import type { Lane } from './lane.ts';
import { ensureStack } from './xstate-internals.ts';

/** The quarantine holds as many messages as the mailbox, and at least so many. */
const QUARANTINE_MIN = 30;

/** How long a batch waits at least whose dead letters find no room, in ms. */
const HELD_MS = 1_000;

/** Why messages are given up for good. */
type GivenUp = 'failed' | 'poison' | 'not-retryable';

// Where messages leave the call and are not yet where they go, a stack that overflows would lose them. `ensureStack` lets it
// overflow before anything has moved: then they are still in flight, and `Delivery.breakOff` puts them back.

/** Settles a call that went well, but for those it named as failed. True: the next attempt has to wait. */
export function settleSuccess(lane: Lane, call: Call): boolean {
  const { size } = call;
  const { failures, origins } = call.details;
  measure(lane, size);
  if (failures !== undefined) return settleNamed(lane, call, failures);
  delivered(lane, size);
  if (origins !== undefined) settleDelivered(call, origins);
  if (lane.services.bus.hearsFlushes) publishFlushed(lane, call);
  return false;
}

/** As `settleSuccess`, when nothing failed, neither before nor in this call, and nobody listens. */
export function settlePlain(lane: Lane, call: Call): void {
  const { origins } = call.details;
  measure(lane, call.size);
  countDelivered(lane, call.size);
  lane.breaker?.succeeded();
  if (origins !== undefined) settleDelivered(call, origins);
}

function delivered(lane: Lane, count: number): void {
  const { quarantined } = lane.recovery;
  if (quarantined > 0) ensureStack();
  countDelivered(lane, count);
  // The sink works, so that is poison.
  if (quarantined > 0 && lane.services.letterRoom.hasRoom) deadLetter(lane, lane.recovery.takePoison(), 'poison');
  // Last: a breaker that closes starts delivery anew, which would take what is in quarantine for untried.
  lane.breaker?.succeeded();
}

function countDelivered({ counters }: Lane, count: number): void {
  counters[Counter.inFlight] -= count;
  counters[Counter.delivered] += count;
}

/** `failures`: those that were named, by index. */
function settleDelivered(call: Call, origins: Origins, failures?: ReadonlyMap<number, unknown>): void {
  for (let index = 0; index < origins.length; ) {
    const from = index++;
    const origin = origins[from];
    if (failures?.has(from) === true) continue;
    // A frame brings many messages in a row.
    while (failures === undefined && index < origins.length && origins[index] === origin) index += 1;
    if (origin?.deliveredMany !== undefined) origin.deliveredMany(index - from);
    else origin?.settled('delivered');
  }
  // The call object outlives the call, and must not keep what it delivered.
  call.note({ origins: undefined });
}

/** Settles a call that failed as a whole. Returns true when the next attempt has to wait. */
export function settleFailure(lane: Lane, call: Call, error: unknown): boolean {
  ensureStack();
  measure(lane, call.size);
  return batchFailed(lane, call, call.asFailed(error));
}

function measure({ clock, owner, times }: Lane, size: number): void {
  clock.advance(CALL_WEIGHT + size);
  times.end(clock.now);
  owner.processing.recordCall(times);
}

/** The batch, or what `context.fail` left of it, failed as a whole: carries out the verdict. */
function batchFailed(lane: Lane, call: Call, batch: FailedBatch, errors = [batch.error]): boolean {
  const { breaker, counters, recovery } = lane;
  publishFailed(lane, call, batch.error);
  const canRetry = isRetryable(batch.error);
  const verdict = heldVerdict(lane, verdictFor(lane, call, batch, canRetry));
  counters[Counter.inFlight] -= batch.messages.length;
  if (verdict.action === 'give-up') deadLetter(lane, [batch], canRetry ? 'failed' : 'not-retryable');
  else if (verdict.action === 'split') recovery.split(batch);
  else if (verdict.action === 'quarantine') recovery.setAside(batch);
  else recovery.putBack(verdict.isHeld ? heldBatch(lane, batch) : batch);
  // A sink that asks for a rest gets it, also from a batch that is split or set aside.
  const ofSinkMs = canRetry && verdict.action !== 'give-up' ? askedOf(lane, call, errors) : 0;
  const askedMs = verdict.isHeld ? Math.max(ofSinkMs, HELD_MS) : ofSinkMs;
  const mustWait = verdict.mustWait || askedMs > 0;
  if (mustWait) recovery.restore();
  // Before the breaker: a statechart that it tells of a failed probe looks at once how long to wait.
  const isPostponed = mustWait && postpone(lane, call, batch.attempts, askedMs);
  if (verdict.countsAgainstSink) breaker?.failed();
  else if (canRetry) breaker?.canceled();
  else breaker?.answered();
  return isPostponed;
}

/** What would be given up is tried again, as long as its dead letter would find no room. */
function heldVerdict({ services }: Lane, verdict: Verdict): Verdict & { readonly isHeld: boolean } {
  if (verdict.action !== 'give-up' || services.letterRoom.hasRoom) return { ...verdict, isHeld: false };
  return { ...verdict, action: 'retry', mustWait: true, isHeld: true };
}

/** A batch that says why it is not given up. */
function heldBatch({ services }: Lane, batch: FailedBatch): FailedBatch {
  const why = services.letterRoom.trouble ?? 'too many wait for their store';
  const text = `it cannot become a dead letter yet (${why}); it failed with ${errorText(batch.error)}`;
  return { ...batch, error: new Error(text, { cause: batch.error }) };
}

/** The longest rest that one of these errors asks for, in ms. */
function askedOf(lane: Lane, { config }: Call, errors: readonly unknown[]): number {
  return errors.reduce<number>((ms, error) => Math.max(ms, askedMsOf(lane, error, config.retry.retryAfterMsMax)), 0);
}

function verdictFor({ breaker, inbox, recovery }: Lane, call: Call, batch: FailedBatch, isRetryable: boolean): Verdict {
  const { capacity, retry, isolate, breaker: limits } = call.config;
  return verdictOf(
    { ...batch, size: batch.messages.length, isRetryable, isTimedOut: call.details.isTimedOut },
    {
      quarantined: recovery.quarantined,
      hasMore: recovery.hasBatches || inbox.mailbox.size > 0,
      isProbe: breaker?.breaker.state === 'half-open',
    },
    {
      attempts: retry.attempts,
      isolate,
      needsEvidence: limits !== false,
      quarantineMax: Math.max(QUARANTINE_MIN, capacity),
    },
  );
}

/** `context.fail` named messages: the others are delivered, these go again alone, or are given up. */
function settleNamed(lane: Lane, call: Call, failures: ReadonlyMap<number, unknown>): boolean {
  ensureStack();
  const hasEvidence = failures.size < call.size;
  if (hasEvidence) delivered(lane, call.size - failures.size);
  const failed = call.asFailed();
  if (failed.origins !== undefined) settleDelivered(call, failed.origins, failures);
  const { hasRoom } = lane.services.letterRoom;
  const named = [...failures].sort(([a], [b]) => a - b);
  const giveUpOne = ([index, error]: (typeof named)[number], reason: GivenUp): void => {
    lane.counters[Counter.inFlight] -= 1;
    deadLetter(lane, [{ ...pick(failed, [index]), error }], reason);
  };
  const hopeless = new Set(named.filter(([, error]) => hasRoom && !isRetryable(error)));
  for (const each of hopeless) giveUpOne(each, 'not-retryable');
  const again = named.filter((each) => !hopeless.has(each));
  const errors = again.map(([, error]) => error);
  const indices = again.map(([index]) => index);
  const rest = { ...pick(failed, indices), error: (again[0] ?? named[0])?.[1] };
  // Nothing shows that the sink works: those left are a batch that failed.
  if (!hasEvidence && again.length > 0) return batchFailed(lane, call, rest, errors);
  publishFailed(lane, call, rest.error);
  if (!hasEvidence) lane.breaker?.answered();
  if (again.length === 0) return false;
  const isExhausted = failed.isSplit || failed.attempts >= call.config.retry.attempts;
  const isHeld = !hasRoom && (isExhausted || !errors.every(isRetryable));
  if (isExhausted && hasRoom) {
    for (const each of again) giveUpOne(each, 'poison');
    return false;
  }
  lane.counters[Counter.inFlight] -= again.length;
  lane.recovery.putBack(isHeld ? heldBatch(lane, rest) : rest);
  const askedMs = askedOf(lane, call, errors);
  return postpone(lane, call, rest.attempts, isHeld ? Math.max(askedMs, HELD_MS) : askedMs);
}

function deadLetter(lane: Lane, given: readonly FailedBatch[], reason: GivenUp): void {
  const { channel, counters, recovery, services } = lane;
  const batches = given.map((batch) => recovery.withoutEnded(batch));
  const count = batches.reduce((sum, { messages }) => sum + messages.length, 0);
  counters[Counter.deadLettered] += count;
  counters[Counter[reason]] += count;
  for (const { messages, origins, keys, error, attempts } of batches) {
    for (const [index, message] of messages.entries())
      services.keepDeadLetter(channel, reason, message, error, attempts, origins?.[index], keys?.[index]);
  }
}

/** Nobody will deliver what waits in a lane: all of it becomes dead letters. */
export function giveUpAll({ channel, counters, inbox, recovery, services }: Lane, why: string): void {
  const waiting = { ...inbox.mailbox.drain(), error: why, attempts: 0 };
  for (const { messages, origins, keys, error, attempts } of [...recovery.takeAll(), waiting]) {
    counters[Counter.deadLettered] += messages.length;
    for (const [index, message] of messages.entries())
      services.keepDeadLetter(channel, 'removed', message, error ?? why, attempts, origins?.[index], keys?.[index]);
  }
}

function publishFlushed({ id, services, times }: Lane, { attempt, size, details: { trigger } }: Call): void {
  const { ageMs, durationMs } = times;
  services.bus.publish('batch.flushed', { channel: id, trigger, size, ageMs, durationMs, attempt });
}

function publishFailed({ counters, id, services }: Lane, { attempt, details, size }: Call, error: unknown): void {
  const { isTimedOut } = details;
  counters[Counter.failures] += 1;
  services.bus.publish('batch.failed', { channel: id, size, attempt, error, isTimedOut });
}

/** Notes when the next attempt is due: after our own backoff or the rest the sink asked for. False: at once. */
function postpone(lane: Lane, { config }: Call, attempts: number, askedMs: number): boolean {
  const { owner, recovery, services } = lane;
  const now = services.clock.now();
  const backedOffMs = hurriedMs(backoffMs(config.retry, attempts, services.random), recovery.hurryBy, now);
  const delayMs = Math.max(backedOffMs, askedMs);
  recovery.postpone(now + delayMs, now + askedMs);
  // All that deliver to the sink let it rest.
  if (askedMs > 0) for (const user of owner.breaker?.users ?? [owner]) user.sinkRests?.(now + askedMs);
  return delayMs > 0;
}
