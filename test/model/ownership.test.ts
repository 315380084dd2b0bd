import { expect, it } from 'vitest';
import { ownershipMachine } from '../../machines/ownership.ts';
import type { OwnershipEvent } from '../../src/core/ownership-port.ts';
import { longest, type ModelEvent, pathsThrough, placeOf } from '../../src/testing/machine-paths.ts';
import { createTransitionCoverage } from '../../src/testing/transition-coverage.ts';
import { type OwnershipWorld, ownershipModel } from './ownership.ts';
import { OwnershipDriver } from './ownership-driver.ts';
import { gapsInTable, type Ignored } from './table.ts';

const OWNED = ['positioning', 'running', 'halted', 'draining', 'releasing'].map((state) => `owned.${state}`);
const owned = (...but: string[]): string[] => OWNED.filter((path) => !but.includes(path.replace('owned.', '')));
const noLease = { in: ['standby', 'acquiring'], because: 'there is no lease, and nobody who would say so' };

const ignored = {
  'assignment.changed': [],
  'ownership.lost': [noLease],
  'stay.released': [noLease, { in: owned('running'), because: 'there is no stay, or its end is being waited for' }],
  'log.wentBack': [noLease, { in: owned('running'), because: 'nothing is read, or what is read is given back anyway' }],
  'position.chosen': [noLease, { in: owned('halted'), because: 'only a partition that is halted asks for one' }],
} satisfies Record<OwnershipEvent['type'], Ignored[string]>;

const noError = 'a port does not reject';
const ends: Ignored = {
  'xstate.error.actor.acquire': [{ in: ['acquiring'], because: noError }],
  'xstate.done.actor.keep': [{ in: OWNED, because: 'a callback actor has no end of its own' }],
  'xstate.error.actor.keep': [{ in: OWNED, because: noError }],
  'xstate.error.actor.findPosition': [{ in: ['owned.positioning'], because: noError }],
  'xstate.error.actor.drain': [{ in: ['owned.draining'], because: noError }],
  'xstate.error.actor.release': [{ in: ['owned.releasing'], because: noError }],
};

it('every event is handled in every state, forbidden on purpose, or ignored for a reason', () => {
  expect(gapsInTable(ownershipMachine, Object.keys(ignored), { ...ignored, ...ends })).toEqual([]);
});

/** What must hold of the orders of the chart, whatever happened. */
function brokenLaws(calls: readonly string[]): string[] {
  const broken: string[] = [];
  let hasStay = false;
  calls.forEach((call, index) => {
    if (call === 'handOver' && calls[index - 1] !== 'findPosition') broken.push('handed over without a position');
    if (call === 'handOver' && hasStay) broken.push('handed over twice');
    if (call === 'release' && hasStay) broken.push('released while the owner may read');
    if (call === 'acquire' && hasStay) broken.push('acquired while the owner may read');
    if (call === 'drain' && !hasStay) broken.push('drained what nobody has');
    hasStay = call === 'handOver' || (hasStay && call !== 'endStay');
  });
  const kept =
    calls.filter((call) => call === 'keep').length - calls.filter((call) => call === 'keep no longer').length;
  if (kept < 0 || kept > 1) broken.push(`the lease is kept ${kept} times`);
  return broken;
}

/** Where it was, what happened, where that leads and why it is there, and what it orders. */
const expected = [
  'acquiring | closing | owned.releasing because of assignment.changed | endStay, keep, release',
  'acquiring | done.actor.acquire | owned.positioning because of xstate.done.actor.acquire | keep, findPosition',
  'acquiring | unwanted | owned.releasing because of assignment.changed | endStay, keep, release',
  'acquiring | wanted | acquiring because of assignment.changed | no order',
  'owned.draining | after.drainBudget | owned.releasing because of xstate.after.drainBudget.ownership.owned.draining | endStay, release',
  'owned.draining | closing | owned.releasing because of assignment.changed | endStay, release',
  'owned.draining | done.actor.drain | owned.releasing because of xstate.done.actor.drain | endStay, release',
  'owned.draining | ownership.lost | acquiring because of ownership.lost | endStay, keep no longer, acquire',
  'owned.draining | ownership.lost | standby because of ownership.lost | endStay, keep no longer',
  'owned.draining | unwanted | owned.draining because of assignment.changed | no order',
  'owned.draining | wanted | owned.draining because of assignment.changed | no order',
  'owned.halted | closing | owned.releasing because of assignment.changed | endStay, release',
  'owned.halted | ownership.lost | acquiring because of ownership.lost | endStay, keep no longer, acquire',
  'owned.halted | position.chosen | owned.positioning because of position.chosen | findPosition',
  'owned.halted | unwanted | owned.releasing because of assignment.changed | endStay, release',
  'owned.halted | wanted | owned.halted because of xstate.done.actor.findPosition | no order',
  'owned.positioning | closing | owned.releasing because of assignment.changed | endStay, release',
  'owned.positioning | done.actor.findPosition found | owned.running because of xstate.done.actor.findPosition | handOver',
  'owned.positioning | done.actor.findPosition went-back | owned.halted because of xstate.done.actor.findPosition | reportHalt',
  'owned.positioning | ownership.lost | acquiring because of ownership.lost | endStay, keep no longer, acquire',
  'owned.positioning | unwanted | owned.releasing because of assignment.changed | endStay, release',
  'owned.positioning | wanted | owned.positioning because of xstate.done.actor.acquire | no order',
  'owned.releasing | closing | owned.releasing because of assignment.changed | no order',
  'owned.releasing | done.actor.release | acquiring because of xstate.done.actor.release | keep no longer, acquire',
  'owned.releasing | done.actor.release | closed because of xstate.done.actor.release | keep no longer',
  'owned.releasing | done.actor.release | standby because of xstate.done.actor.release | keep no longer',
  'owned.releasing | ownership.lost | acquiring because of ownership.lost | endStay, keep no longer, acquire',
  'owned.releasing | ownership.lost | closed because of ownership.lost | endStay, keep no longer',
  'owned.releasing | ownership.lost | standby because of ownership.lost | endStay, keep no longer',
  'owned.releasing | unwanted | owned.releasing because of assignment.changed | no order',
  'owned.releasing | wanted | owned.releasing because of assignment.changed | no order',
  'owned.running | closing | owned.releasing because of assignment.changed | endStay, release',
  'owned.running | log.wentBack | owned.halted because of log.wentBack | endStay, reportHalt',
  'owned.running | ownership.lost | acquiring because of ownership.lost | endStay, keep no longer, acquire',
  'owned.running | stay.released | owned.releasing because of stay.released | decline, endStay, release',
  'owned.running | unwanted | owned.draining because of assignment.changed | drain',
  'owned.running | wanted | owned.running because of xstate.done.actor.findPosition | no order',
  'standby | closing | closed because of assignment.changed | no order',
  'standby | init | standby because of xstate.init | no order',
  'standby | unwanted | standby because of xstate.init | no order',
  'standby | wanted | acquiring because of assignment.changed | acquire',
];

it('a real actor does what its chart says, on every path, and every transition of it is taken', async () => {
  const coverage = createTransitionCoverage(ownershipMachine);
  const walks = longest(pathsThrough(ownershipModel));
  const seen = new Set<string>();
  for (const { steps } of walks) {
    const driver = new OwnershipDriver(coverage.inspector);
    const walked: string[] = [];
    for (const { event, state } of steps) {
      walked.push(event.type);
      const [from, callsBefore] = [placeOf(driver.snapshot), driver.calls.length];
      if (event.type !== 'xstate.init') await driver.cause(event);
      const orders = driver.calls.slice(callsBefore).join(', ') || 'no order';
      const { snapshot } = driver;
      seen.add(`${from} | ${nameOf(event)} | ${placeOf(snapshot)} because of ${snapshot.context.cause} | ${orders}`);
      expect(placeOf(driver.snapshot), walked.join(' → ')).toBe(placeOf(state));
      expect(brokenLaws(driver.calls), walked.join(' → ')).toEqual([]);
    }
    driver.end();
    expect(driver.pendingTimers, walked.join(' → ')).toBe(0);
  }
  expect(walks.length).toBeGreaterThan(20);
  expect(coverage.report().missing).toEqual([]);
  expect([...seen].sort()).toEqual(expected);
});

/** `assignment.changed` is told by what it says now, and an end of an actor by its outcome. */
function nameOf(event: ModelEvent<OwnershipWorld> & { readonly output?: string }): string {
  const { type, world, output } = event;
  if (type !== 'assignment.changed')
    return [type.replace(/^xstate\.|\.ownership\..*$/g, ''), output ?? []].flat().join(' ');
  return world?.isClosing ? 'closing' : world?.isWanted ? 'wanted' : 'unwanted';
}
