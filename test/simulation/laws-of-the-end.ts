import type { ChannelReport, DrainReport } from '../../src/index.ts';
import { checkConservation } from '../../src/testing/checkers.ts';
import type { Account, Fate, SimulatedMessage } from './account.ts';
import type { World } from './world.ts';

/** `stop` may take this much longer than its deadline, in ms; each of its timers is rounded up. */
const GRACE_MS = 150 + 3;
/** With a deadline from here on a sink can be tried, in ms. */
const PROBE_MS = 50;

/** The report of one channel: every message it took in is in it, and each is where outside it was seen to go. */
export function checkReport(world: World, account: Account, report: ChannelReport): string[] {
  const problems: string[] = [];
  const { name } = account;
  const equal = (what: string, left: number, right: number): void => {
    if (left !== right) problems.push(`${name}: the report says ${left} ${what}, outside ${right} were seen`);
  };
  note(account, report.returnedMessages, 'returned');
  note(account, report.unsettledMessages, 'unsettled');
  equal('delivered', report.delivered, account.delivered);
  // Those of a source are told when they are in the store, and come again if they are not.
  const isStored = world.outside?.store !== undefined && report.deadLettered > account.deadLettered;
  if (!isStored) equal('dead-lettered', report.deadLettered, account.deadLettered);
  // The key of a message that was dropped was asked for, and that ended the channel: nobody was told of the drop.
  const isUntold = world.hasEndedInKey && account.isLossy;
  if (!isUntold) equal('dropped or conflated', report.dropped + report.conflated, account.lost);
  if (!account.hasReplays && !world.isBlind(name) && !isUntold) {
    equal('accepted', report.accepted, account.accepted);
    // Messages may have come after the report was made.
    if (report.rejected > account.rejected) equal('rejected', report.rejected, account.rejected);
    problems.push(...checkFates(world, account));
    problems.push(...checkReturned(account, report.returnedMessages));
  }
  return [...problems, ...checkConservation(report)];
}

function note(account: Account, messages: readonly unknown[], where: 'returned' | 'unsettled'): void {
  // The simulation sends nothing else.
  for (const { n } of messages as readonly SimulatedMessage[]) {
    const fate = account.fates.get(n);
    if (fate !== undefined) fate[where] += 1;
  }
}

/**
 * Each accepted message has one end, or a gap says that one of its key was lost; or it is held for the source, which
 * brings it again. So it is with letters that are still being written.
 */
function checkFates({ outside, router }: World, account: Account): string[] {
  const problems: string[] = [];
  const missing = new Map<string, number>();
  const held = new Map<string, number>();
  let unwritten = router.metrics().deadLetters.waiting;
  for (const fate of account.fates.values()) {
    if (!fate.isAccepted) continue;
    const ends = fate.delivered + fate.dead + fate.returned + fate.unsettled;
    const { from, n, sym } = fate.message;
    const isHeld = from !== undefined && outside?.isHeld(from) === true;
    if (ends === 0 && isHeld) held.set(sym, (held.get(sym) ?? 0) + 1);
    else if (ends === 0) missing.set(sym, (missing.get(sym) ?? 0) + 1);
    else if (ends > 1) problems.push(`${account.name}: message ${n} has ${ends} ends: ${endsOf(fate)}`);
  }
  for (const key of new Set([...missing.keys(), ...account.lostByKey.keys()])) {
    const [lost, gaps] = [missing.get(key) ?? 0, account.lostByKey.get(key) ?? 0];
    if (lost > gaps) unwritten -= lost - gaps;
    if (gaps > lost + (held.get(key) ?? 0) || (lost > gaps && unwritten < 0))
      problems.push(`${account.name}: ${lost} messages of key ${key} have no end, gaps tell of ${gaps}`);
  }
  return problems;
}

function endsOf({ delivered, dead, returned, unsettled }: Fate): string {
  return `delivered ${delivered}, dead letter ${dead}, returned ${returned}, unsettled ${unsettled}`;
}

/** What is handed back comes in order, per key. */
function checkReturned(account: Account, messages: readonly unknown[]): string[] {
  const last = new Map<string, number>();
  // The simulation sends nothing else.
  return (messages as readonly SimulatedMessage[]).flatMap(({ n, sym }) => {
    const fate = account.fates.get(n);
    if (fate === undefined) return [`${account.name}: message ${n} is handed back and was never seen at its door`];
    const before = last.get(sym) ?? -1;
    last.set(sym, fate.order);
    if (fate.order > before || fate.isExcused || !account.isOrdered) return [];
    return [`${account.name}: message ${n} of key ${sym} is handed back behind a younger one of its key`];
  });
}

/** The report of the stop, and what is left when the router is gone: nothing that runs, nothing that waits. */
export function checkEnd(world: World, report: DrainReport, tookMs: number, deadlineMs: number): void {
  const { router, record, routerClock, actors } = world;
  for (const { channel, message } of report.unstoredLetters) {
    // The simulation sends nothing else.
    const fate = world.accounts.get(channel ?? '')?.fates.get((message as SimulatedMessage).n);
    if (fate !== undefined) fate.dead += 1;
  }
  for (const [name, channel] of Object.entries(report.channels)) {
    const account = world.account(name);
    if (account.isGone)
      record.violated('report of stop', `${name} is in two reports, and hands its messages back twice`);
    record.check('report of stop', checkReport(world, account, channel));
    record.check('drain', checkDrain(world, account, channel));
  }
  if (!report.conserved) record.violated('report of stop', 'the report says of itself that it is not conserved');
  for (const [name, account] of world.accounts) {
    const isTold = account.isGone || name in report.channels || account.accepted === 0;
    if (!isTold) record.violated('report of stop', `${name} took ${account.accepted} messages in and is in no report`);
  }
  if (!world.wasBusy && tookMs > deadlineMs + GRACE_MS)
    record.violated('stop', `it took ${tookMs} ms with a deadline of ${deadlineMs} ms`);
  const alive = [...actors].filter((actor) => actor.getSnapshot().status === 'active').map(({ id }) => id);
  if (alive.length > 0) record.violated('no actor left', `${alive.join(', ')} still run`);
  if (routerClock.pending > (world.promised.get('replay') ?? 0))
    record.violated('no timer left', `${routerClock.pending} timers of the router still wait`);
  if (router.alerts.some(({ channel }) => channel !== null))
    record.violated('alerts', `after the stop: ${router.alerts.map(({ alert }) => alert).join(', ')}`);
  for (const name of router.channels.keys()) {
    const { state } = router.explain(name);
    if (state !== 'stopped') record.violated('explain', `${name} is ${state} after the stop`);
  }
}

/** Nothing is handed back to the owner of a sink that was not tried since the stop, also behind an open breaker. */
function checkDrain({ stopping, wasBusy }: World, account: Account, { returnedBy }: ChannelReport): string[] {
  const { stopped: returned = 0 } = returnedBy;
  if (stopping === undefined || wasBusy || account.partitionsMax > 1) return [];
  const isTripped = stopping.tripped.includes(account.name);
  if (!isTripped || returned === 0 || account.calledAt >= stopping.at || stopping.deadlineMs < PROBE_MS) return [];
  // One call at a time: beside one that hangs nothing can be tried.
  if (account.calls.some(({ endedAt }) => endedAt > stopping.at)) return [];
  return [`${account.name}: ${returned} messages were handed back behind an open breaker, and its sink was not tried`];
}

/** What a router that is gone says of itself; only what is late or refused may still be counted. */
export function finalCounts(world: World): string {
  const { channels } = world.router.metrics();
  const counts = Object.entries(channels).map(([name, channel]) => {
    const { accepted, delivered, deadLettered, returned, buffered, inFlight, calls, state } = channel;
    return { name, accepted, delivered, deadLettered, returned, buffered, inFlight, calls, state };
  });
  return JSON.stringify(counts);
}
