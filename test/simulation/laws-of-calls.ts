import type { BatchContext } from '../../src/index.ts';
import type { Account, SinkCall } from './account.ts';
import type { World } from './world.ts';

/** How much later than due a batch may begin when nothing competes for the processor, in ms: timers round, a pause is 2 ms. */
const LATE_MS = 5;
/** How much later than `starvationMs` when sinks keep the processor: others that are starved may come first, one call each. */
const CALL_MS_MAX = 30;

/** States in which a batch that is due has only its turn to wait for. */
export function isServing(state: string): boolean {
  return state === 'idle' || state === 'buffering' || state === 'flushing';
}

const delivering = ['flushing', 'isolating', 'probing', 'draining'];

/** What must be so when `process` is entered. */
export function checkCallStart(
  world: World,
  account: Account,
  call: SinkCall,
  context: BatchContext<{ readonly n: number }>,
): string[] {
  const problems: string[] = [];
  // The fact that tells of a state waits until the change is complete, so it may come after the call.
  const { partitions = [] } = world.router.channels.get(account.name) ?? {};
  const { state } = partitions.find(({ id }) => id === call.id) ?? world.partition(call.id);
  const isBeside = account.running.some((other) => other.id === call.id);
  if (isBeside) problems.push(`${call.id}: process was entered while another call of it was out`);
  // Before a batch with gaps these are told, and whoever listens may hold the channel: that batch is out already.
  const isHeld = context.gaps.length > 0 && (state === 'paused' || state === 'tripped');
  if (!delivering.includes(state) && !isHeld) problems.push(`${call.id}: process was entered in ${state}`);
  if (call.batch.length === 0) problems.push(`${call.id}: process got an empty batch`);
  if (call.batch.length > account.batchSizeMax)
    problems.push(`${call.id}: a batch of ${call.batch.length} above batchSize ${account.batchSizeMax}`);
  if (context.gaps.length > 1_000) problems.push(`${call.id}: ${context.gaps.length} gaps between two batches`);
  return [
    ...problems,
    ...conflationProblems(account, call),
    ...endedProblems(world, account, call),
    ...ageProblems(world, account, call, context),
    ...lateProblems(world, account, call),
  ];
}

function oldestOf(account: Account, { batch }: SinkCall): number {
  return Math.min(...batch.map(({ n }) => account.fates.get(n)?.acceptedAt ?? Number.POSITIVE_INFINITY));
}

/** Under `conflate` one message of a key waits at most, so no batch of new messages has two. */
function conflationProblems(account: Account, { id, attempt, batch }: SinkCall): string[] {
  if (attempt > 1 || account.config.overflow !== 'conflate' || account.wasReloaded) return [];
  const keys = new Set(batch.map(({ sym }) => sym));
  return keys.size === batch.length ? [] : [`${id}: a batch of ${batch.length} with ${keys.size} keys under conflate`];
}

/** What waited when its stay ended is the next owner's; one that stands for a message of somebody else goes on. */
function endedProblems({ outside }: World, account: Account, { id, batch }: SinkCall): string[] {
  if (account.hasReplays || account.isLossy) return [];
  const late = batch.filter(({ from }) => from !== undefined && outside?.isOver(from));
  return late.map(({ n, from }) => `${id}: message ${n} was handed over after the end of its stay ${from?.stay}`);
}

/** The age a batch is said to have is that of its oldest message since the door. */
function ageProblems(world: World, account: Account, call: SinkCall, { ageMs }: { readonly ageMs: number }): string[] {
  const isKnown = call.attempt === 1 && account.config.overflow !== 'conflate' && !account.wasReloaded;
  if (!isKnown || account.hasReplays || world.isBlind(account.name)) return [];
  const seenMs = call.startedAt - oldestOf(account, call);
  // Readings of the clock are shared: beside a sink that keeps the processor they may be as old as some of its calls.
  if (world.wasBusy || Math.abs(ageMs - seenMs) < 0.03) return [];
  return [`${call.id}: ageMs is ${ageMs}, but the oldest message came ${seenMs} ms ago`];
}

/** A batch that is due begins at once or in its turn, and that comes within `starvationMs`. */
function lateProblems(world: World, account: Account, call: SinkCall): string[] {
  const partition = world.partition(call.id);
  if (call.attempt > 1 || !['size', 'age', 'request'].includes(call.trigger)) return [];
  if (account.wasRepartitioned || account.hasReplays || partition.state !== 'flushing') return [];
  const dueAt = oldestOf(account, call) + account.timeoutMsMax;
  const freeAt = Math.max(dueAt, partition.busyUntil, world.jumpedAt, world.feedLateAt);
  const lateMs = call.startedAt - freeAt;
  const starvationMs = world.plan.config.router?.starvationMs ?? 1_000;
  const nestedMs = Math.max(0, world.busyMsMax - CALL_MS_MAX);
  const lateMax = world.wasBusy ? starvationMs + nestedMs + CALL_MS_MAX * (1 + world.partitions.size) : LATE_MS;
  return lateMs > lateMax ? [`${call.id}: a batch that was due began ${lateMs} ms late, above ${lateMax}`] : [];
}
