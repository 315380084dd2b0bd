import { afterAll, describe, expect, it } from 'vitest';
import { channelMachine } from '../../../machines/channel.ts';
import { stateName } from '../../../src/facts/chart-words.ts';
import { numbersOf } from '../../support/numbers.ts';
import { faults } from './failing-faults.ts';
import { states, worldIn } from './failing-states.ts';
import type { FailingWorld } from './failing-world.ts';

const DEADLINE_MS = 2_000;
/** What is cut off by a deadline may be handed back; everywhere else all of it is delivered in the end. */
const endings = ['stop', 'host halts'];
const ended = ['draining', 'draining, waiting', 'closing', 'stopped'];
/** Where messages may be given up: the error says so, or the messages were tried alone and others got through. */
const giving = ['context.fail', 'not retryable'];

const table = new Map<string, string[]>();

/** What became of the messages after a fault: everything is accounted for, at once, later, and at the end. */
async function verdictOf(world: FailingWorld, state: string, fault: string): Promise<string> {
  const { rig, sink } = world;
  faults[fault]?.(world);
  rig.checkConserved();
  for (let slice = 0; slice < 5; slice += 1) await rig.advance(20);
  world.openGates();
  for (let slice = 0; slice < 5; slice += 1) await rig.advance(200);
  const after = rig.router.explain('ohlcv');
  world.heal();
  world.route(3);
  await rig.advance(3_000);
  expect(sink.script, 'the fault was met').toEqual(
    ended.includes(state) || endings.includes(fault) ? expect.anything() : [],
  );
  const stopsAt = rig.clock.now();
  const report = await rig.stop({ deadlineMs: DEADLINE_MS });
  expect(rig.clock.now() - stopsAt).toBeLessThanOrEqual(DEADLINE_MS + 500);
  await world.end();
  expect(report.conserved).toBe(true);
  expect(rig.clock.pending, 'no timer is left').toBe(0);
  const offered = numbersOf(sink.offered);
  expect(offered).toEqual(offered.toSorted((a, b) => a - b));
  const { accepted, delivered, deadLettered, buffered, returned, inFlight } = rig.metrics('ohlcv');
  expect(buffered).toBe(0);
  if (!endings.includes(fault) && !ended.includes(state)) {
    expect({ returned, inFlight }).toEqual({ returned: 0, inFlight: 0 });
    if (!giving.includes(fault) && state !== 'isolating') expect(delivered).toBe(accepted);
  }
  const left = [
    deadLettered > 0 ? `†${deadLettered}` : '',
    returned > 0 ? `↩${returned}` : '',
    inFlight > 0 ? `?${inFlight}` : '',
  ];
  return `${after.state.slice(0, 4)}${left.join('')}`;
}

describe('C1 every state of a channel × everything that can happen to it', () => {
  it('names every state of the chart', () => {
    const named = new Set(Object.keys(states).map((state) => state.split(',')[0]));
    const { ready, ...outer } = channelMachine.states;
    expect([...named].toSorted()).toEqual([...Object.keys(outer), ...Object.keys(ready?.states ?? {})].toSorted());
  });

  it.each(Object.keys(states))('%s is a state that can be reached', async (state) => {
    const world = await worldIn(state);
    expect(world.state).toBe(stateName(state.split(',')[0] ?? ''));
    expect(world.rig.router.explain('ohlcv').endsInMs === null).toBe(
      ['idle', 'flushing', 'isolating', 'probing', 'paused', 'stopped', 'failed, given up'].includes(state),
    );
    world.heal();
    await world.rig.stop();
    await world.end();
  });

  const cells = Object.keys(states).flatMap((state) => Object.keys(faults).map((fault) => [state, fault] as const));
  it.each(cells)('%s × %s: every message is accounted for, and nothing hangs', async (state, fault) => {
    const verdict = await verdictOf(await worldIn(state), state, fault);
    table.set(state, [...(table.get(state) ?? []), verdict]);
  });

  afterAll(() => {
    const names = Object.keys(faults);
    const rows = [...table].map(([state, row]) => [state.padEnd(18), ...row.map((cell) => cell.padEnd(9))].join(' '));
    const legend = names.map((name, index) => `${index + 1} ${name}`).join(' · ');
    const head = ['state × fault'.padEnd(18), ...names.map((_, index) => String(index + 1).padEnd(9))].join(' ');
    const what =
      'cells: the state 1.1 s later; in the end †n dead letters, ↩n handed back, ?n unknown after a deadline';
    process.stdout.write(`\n${legend}\n${what}\n${[head, ...rows].join('\n')}\n`);
    expect(rows).toHaveLength(Object.keys(states).length);
    for (const row of table.values()) expect(row).toHaveLength(names.length);
  });
});
