import { backoffMs } from '../core/backoff.ts';
import { Counter } from '../core/counters.ts';
import type { Segment } from '../core/recovery.ts';
import { CALL_WEIGHT } from '../core/turns.ts';
import type { Call } from './call.ts';
import type { Slot } from './slot.ts';

/** So many messages in a row may fail without a word against the sink; then it is to blame, and not the messages. */
const FREE_SUSPECTS_MAX = 10;

/** Why messages are given up for good. */
type GivenUp = 'failed' | 'poison' | 'not-retryable';

/** What an error may say about itself; both fields are optional. */
interface ErrorAdvice {
  /** False: another attempt cannot help. That is evidence by itself, so the message is given up at once. */
  readonly retryable?: boolean;
  /** The sink asks not to be tried again before so many ms. */
  readonly retryAfterMs?: number;
}

/** The short way of a plain call, which is never out while others wait for another attempt: all its messages are delivered. */
// Not by way of `noteDuration`: a number that a function of its own returns is put into a box for each call.
export function settlePlain(slot: Slot, size: number): void {
  const { breaker, counters, turns } = slot;
  turns.glance(CALL_WEIGHT + size);
  const durationMs = turns.now - slot.startedAt;
  slot.processing.record(durationMs);
  counters[Counter.inFlight] -= size;
  counters[Counter.delivered] += size;
  if (breaker !== undefined) breaker.callSucceeded(slot, durationMs);
}

/**
 * What becomes of the messages of a call that went well: delivered, those apart that it named as failed. Returns true when
 * the next attempt has to wait.
 */
export function settleSuccess(call: Call): boolean {
  const { size, slot } = call;
  const { failures } = call.details;
  const { breaker, counters, recovery } = slot;
  const durationMs = noteDuration(slot, size);
  const delivered = failures === undefined ? size : size - failures.size;
  counters[Counter.inFlight] -= delivered;
  counters[Counter.delivered] += delivered;
  // Something was delivered after them: the sink works, so what was set aside is poison.
  if (delivered > 0 && recovery.hasSuspects) deadLetter(slot, recovery.takeCondemned(), 'poison');
  // Last: a breaker that closes starts the pump anew, which would take the suspects for untried.
  if (breaker !== undefined && delivered > 0) breaker.callSucceeded(slot, durationMs);
  if (failures !== undefined) return settleNamed(call, failures, durationMs);
  if (slot.world.bus.hearsFlushes) publishFlushed(call, durationMs);
  return false;
}

/** The same of a call that failed as a whole: its messages are held for another attempt, set aside, or dead letters. */
export function settleFailure(call: Call, error: unknown): boolean {
  return segmentFailed(call, call.attempted(error), noteDuration(call.slot, call.size));
}

function noteDuration({ processing, startedAt, turns }: Slot, size: number): number {
  turns.glance(CALL_WEIGHT + size);
  const durationMs = turns.now - startedAt;
  processing.record(durationMs);
  return durationMs;
}

function publishFlushed({ slot, size, details: { trigger, attempt } }: Call, durationMs: number): void {
  const ageMs = slot.startedAt - slot.startedWith;
  slot.world.bus.publish('batch.flushed', { channel: slot.id, trigger, size, ageMs, durationMs, attempt });
}

/** The batch, or what `context.fail` left of it, failed as a whole. */
function segmentFailed(call: Call, segment: Segment, durationMs: number): boolean {
  const { slot } = call;
  publishFailed(call, segment.error);
  const isRetryable = adviceOf(segment.error).retryable !== false;
  const hadSuspects = slot.recovery.hasSuspects;
  const { retry, isolate, breaker } = call.config;
  const rules = { attempts: retry.attempts, isolate, needsEvidence: breaker !== false };
  const verdict = slot.recovery.failed(segment, rules, isRetryable);
  if (verdict === 'condemn') giveUp(call, segment, isRetryable ? 'failed' : 'not-retryable');
  else slot.counters[Counter.inFlight] -= segment.messages.length;
  const canLearnMore = slot.recovery.hasSegments || slot.mailbox.size > 0;
  // A failure that one poisoned message explains says nothing about the sink; a second one in a row does. Those that are
  // suspected already are tried again for free, so that several in a row cannot keep a breaker open that should close;
  // but only so many, and a probe is not split for free: a sink that is down must not get more calls the longer it is.
  const isNews = (hadSuspects && !segment.isSuspect) || slot.recovery.suspects > FREE_SUSPECTS_MAX;
  const isProbe = slot.breaker?.state === 'half-open';
  const isExplained = (verdict === 'isolate' && !isProbe) || (verdict === 'suspect' && !isNews && canLearnMore);
  const isPoison = verdict === 'condemn' && !isRetryable;
  if (call.details.isTimedOut || isExplained || isPoison) slot.breaker?.callCancelled(slot);
  else slot.breaker?.callFailed(slot, durationMs);
  const isSearch = (verdict === 'isolate' && !isProbe) || (verdict === 'suspect' && canLearnMore);
  if (verdict === 'condemn' || isSearch) return false;
  slot.recovery.restore();
  return mustWait(call, segment);
}

/** `context.fail` named messages: the others are delivered, these go again alone, or are given up. */
function settleNamed(call: Call, failures: ReadonlyMap<number, unknown>, durationMs: number): boolean {
  const { slot } = call;
  const hasEvidence = failures.size < call.size;
  const segment = call.attempted();
  const again: Segment[] = [];
  for (const [index, error] of [...failures].sort(([a], [b]) => a - b)) {
    const single = { ...segment, messages: [segment.messages[index]], error };
    if (adviceOf(error).retryable === false) giveUp(call, single, 'not-retryable');
    else again.push(single);
  }
  const messages = again.flatMap((single) => single.messages);
  const rest = { ...segment, messages, error: (again[0] ?? { error: [...failures.values()][0] }).error };
  // Nothing shows that the sink works: those left are a batch that failed.
  if (!hasEvidence && again.length > 0) return segmentFailed(call, rest, durationMs);
  publishFailed(call, rest.error);
  if (!hasEvidence) slot.breaker?.callCancelled(slot);
  if (again.length === 0) return false;
  if (segment.isSplit || segment.attempts >= call.config.retry.attempts) {
    for (const single of again) giveUp(call, single, 'poison');
    return false;
  }
  slot.counters[Counter.inFlight] -= again.length;
  slot.recovery.putBack(rest);
  return mustWait(call, rest);
}

function giveUp({ slot }: Call, segment: Segment, reason: GivenUp): void {
  slot.counters[Counter.inFlight] -= segment.messages.length;
  deadLetter(slot, [segment], reason);
}

function deadLetter({ config, counters, world }: Slot, segments: readonly Segment[], reason: GivenUp): void {
  const count = segments.reduce((sum, { messages }) => sum + messages.length, 0);
  counters[Counter.deadLettered] += count;
  counters[Counter[reason]] += count;
  for (const { messages, error, attempts } of segments) {
    for (const message of messages) world.keepDeadLetter(config.name, reason, message, error, attempts);
  }
}

function publishFailed({ slot, size, details: { attempt, isTimedOut } }: Call, error: unknown): void {
  slot.counters[Counter.failures] += 1;
  slot.world.bus.publish('batch.failed', { channel: slot.id, size, attempt, error, isTimedOut });
}

/** Notes when the next attempt is due: our own backoff or the sink's wish, whichever is longer. False: at once. */
function mustWait(call: Call, segment: Segment): boolean {
  const { slot } = call;
  const asked = adviceOf(segment.error).retryAfterMs ?? 0;
  const backoff = backoffMs(call.config.retry, segment.attempts, slot.world.random);
  const now = slot.world.clock.now();
  slot.askedUntil = now + asked;
  slot.retryAt = now + Math.max(backoff, asked);
  return slot.retryAt > now;
}

function adviceOf(error: unknown): ErrorAdvice {
  if (typeof error !== 'object' || error === null) return {};
  try {
    const { retryable, retryAfterMs } = error as ErrorAdvice;
    return {
      ...(typeof retryable === 'boolean' && { retryable }),
      ...(typeof retryAfterMs === 'number' && Number.isFinite(retryAfterMs) && { retryAfterMs }),
    };
  } catch {
    return {};
  }
}
