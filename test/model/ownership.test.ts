import { expect, it } from 'vitest';
import { ownershipMachine } from '../../machines/ownership.ts';
import type { OwnershipEvent } from '../../src/core/ownership-port.ts';
import { longest, pathsThrough, placeOf } from '../../src/testing/machine-paths.ts';
import { createTransitionCoverage } from '../../src/testing/transition-coverage.ts';
import { ownershipModel } from './ownership.ts';
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

it('a real actor does what its chart says, on every path, and every transition of it is taken', async () => {
  const coverage = createTransitionCoverage(ownershipMachine);
  const walks = longest(pathsThrough(ownershipModel));
  for (const { steps } of walks) {
    const driver = new OwnershipDriver(coverage.inspector);
    const walked: string[] = [];
    for (const { event, state } of steps) {
      walked.push(event.type);
      if (event.type !== 'xstate.init') await driver.cause(event);
      expect(placeOf(driver.snapshot), walked.join(' → ')).toBe(placeOf(state));
      expect(brokenLaws(driver.calls), walked.join(' → ')).toEqual([]);
    }
    driver.end();
    expect(driver.pendingTimers, walked.join(' → ')).toBe(0);
  }
  expect(walks.length).toBeGreaterThan(20);
  expect(coverage.report().missing).toEqual([]);
});
