import { describe, expect, it } from 'vitest';
import type { ActorSystem, AnyActorRef } from 'xstate';
import * as highest from 'xstate';
import * as lowest from 'xstate-lowest';
import { remembered } from '../../src/channel/remembered-chart.ts';
import { keepTimersApart, observe, slim, unstick } from '../../src/channel/xstate-internals.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { textOf } from '../support/project-files.ts';

/** The versions of XState that src/channel/xstate-internals.ts was tried with: those this file runs, and those between. */
const TRIED = { lowest: '5.33.0', highest: '5.33.3' };

/** What is wrong with a version of XState; undefined: it was tried. */
function problemOf(version: string): string | undefined {
  if (compare(version, TRIED.lowest) >= 0 && compare(version, TRIED.highest) <= 0) return undefined;
  return (
    `xstate ${version} is installed, but src/channel/xstate-internals.ts was tried with ${TRIED.lowest} to ` +
    `${TRIED.highest} only. Run this test with the new version; if all else in it passes, change TRIED in ` +
    `test/integration/xstate-versions.test.ts, otherwise change the internals.`
  );
}

function compare(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number));
  const differences = (a ?? []).map((part, index) => part - (b?.[index] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}

function versionOf(name: string): string {
  return JSON.parse(textOf(`node_modules/${name}/package.json`)).version;
}

describe('the versions of XState', () => {
  it('that are installed are those the internals were tried with', () => {
    expect(problemOf(versionOf('xstate'))).toBeUndefined();
    expect([versionOf('xstate-lowest'), versionOf('xstate')]).toEqual([TRIED.lowest, TRIED.highest]);
  });

  it('that a host may have begin with the lowest that was tried', () => {
    const { peerDependencies } = JSON.parse(textOf('package.json'));
    const [, from = ''] = /^>=(\S+) <6$/.exec(peerDependencies.xstate) ?? [];
    expect(compare(TRIED.lowest, `${from}.0`)).toBe(0);
  });

  it.each(['5.32.6', '5.33.4', '5.34.0', '6.0.0'])(
    'do not include %s, which is reported with what to do',
    (version) => {
      expect(problemOf(version)).toMatch(
        `xstate ${version} is installed, but src/channel/xstate-internals.ts was tried`,
      );
    },
  );

  it.each(['5.33.0', '5.33.1', '5.33.3'])('include %s', (version) => {
    expect(problemOf(version)).toBeUndefined();
  });
});

/** The types of one version stand for those of both. */
type XState = Pick<typeof highest, 'createActor' | 'fromCallback' | 'raise' | 'setup'>;

function createFamily({ createActor, fromCallback, raise, setup }: XState, isRemembered: boolean) {
  const fired: string[] = [];
  const chart = setup({
    types: { events: {} as { type: 'rise' | 'end' | 'crash' }, input: {} as string, context: {} as { name: string } },
    actions: {
      note: ({ context }) => fired.push(context.name),
      crash: () => {
        throw new Error('it crashed');
      },
    },
  }).createMachine({
    context: ({ input }) => ({ name: input }),
    initial: 'asleep',
    on: { end: '.gone', crash: { actions: 'crash' } },
    states: {
      asleep: { after: { 100: 'awake' } },
      awake: { entry: ['note', raise({ type: 'rise' }, { delay: 50 })], on: { rise: { actions: 'note' } } },
      gone: { type: 'final' },
    },
  });
  const sleeper = isRemembered ? remembered(chart) : chart;
  const clock = createSimulatedClock();
  const idle = fromCallback(() => {});
  const root = createActor(idle, { clock }).start();
  const searched: AnyActorRef[] = [];
  const { scheduler } = root.system as ActorSystem<never>;
  const { cancelAll } = scheduler;
  scheduler.cancelAll = (actor) => {
    searched.push(actor);
    cancelAll(actor);
  };
  const parent = createActor(idle, { parent: root }).start();
  keepTimersApart({ self: parent, system: parent.system }, clock);
  const spawn = (name: string, under: AnyActorRef = parent) => {
    const actor = createActor(sleeper, { parent: under, input: name }).start();
    slim(actor);
    return actor;
  };
  const make = () => createActor(sleeper, { parent, input: 'made' });
  return { clock, root, fired, searched, spawn, make };
}

describe.each([
  [TRIED.lowest, 'as it is', lowest as unknown as XState, false],
  [TRIED.lowest, 'remembered', lowest as unknown as XState, true],
  [TRIED.highest, 'as it is', highest, false],
  [TRIED.highest, 'remembered', highest, true],
])('with XState %s, %s', (_version, _how, xstate, isRemembered) => {
  it('an actor that ends takes its own timers with it, and no others', async () => {
    const { clock, root, fired, spawn } = createFamily(xstate, isRemembered);
    const first = spawn('first');
    // Waits that end within the same millisecond share a timer.
    await clock.advance(1);
    spawn('second');
    const aside = spawn('aside', root);
    expect(clock.pending).toBe(3);
    first.send({ type: 'end' });
    expect(clock.pending).toBe(2);
    await clock.advance(100);
    expect(fired).toEqual(['second', 'aside']);
    aside.send({ type: 'end' });
    expect(clock.pending).toBe(1);
  });

  it('a delayed event without a name ends with its actor, too', async () => {
    const { clock, fired, spawn } = createFamily(xstate, isRemembered);
    const actor = spawn('only');
    await clock.advance(149);
    expect(clock.pending).toBe(1);
    expect(fired).toEqual(['only']);
    actor.send({ type: 'end' });
    expect(clock.pending).toBe(0);
  });

  it('a queue that stands still after an exception goes on', () => {
    const { spawn, root } = createFamily(xstate, isRemembered);
    const actor = spawn('only', root);
    const { mailbox } = actor as unknown as { mailbox: { _current: unknown } };
    mailbox._current = { value: { type: 'rise' }, next: null };
    expect([unstick(root), unstick(actor), unstick(actor)]).toEqual([false, true, false]);
    actor.send({ type: 'end' });
    expect(actor.getSnapshot().status).toBe('done');
  });

  it('nothing is looked for among the timers of the whole system', () => {
    const { searched, spawn } = createFamily(xstate, isRemembered);
    for (const actor of [spawn('first'), spawn('second')]) actor.send({ type: 'end' });
    expect(searched).toEqual([]);
  });

  it('an actor whose options are forgotten keeps none of them, and goes on as before', async () => {
    const { clock, fired, spawn } = createFamily(xstate, isRemembered);
    const actor = spawn('only');
    expect(Object.keys(actor.options)).toEqual([]);
    await clock.advance(150);
    expect(fired).toEqual(['only', 'only']);
    expect(actor.getSnapshot()).toMatchObject({ value: 'awake', status: 'active', context: { name: 'only' } });
    expect(actor.getPersistedSnapshot()).toMatchObject({ value: 'awake' });
    actor.send({ type: 'end' });
    expect(actor.getSnapshot().status).toBe('done');
  });

  it.each(['end', 'crash'] as const)(
    'an observer that was set hears what one that subscribes does: %s',
    async (type) => {
      const { clock, make } = createFamily(xstate, isRemembered);
      const actor = make();
      const [set, subscribed]: unknown[][] = [[], []];
      const into = (list: unknown[]) => ({
        next: ({ value }: { value: unknown }) => void list.push(value),
        error: (error: unknown) => void list.push(error),
      });
      observe(actor, into(set ?? []));
      actor.subscribe(into(subscribed ?? []));
      actor.subscribe(() => expect.unreachable()).unsubscribe();
      actor.start();
      slim(actor);
      await clock.advance(100);
      actor.send({ type });
      actor.send({ type });
      expect(set).toEqual(['asleep', 'awake', type === 'end' ? 'gone' : expect.any(Error)]);
      expect(subscribed).toEqual(set);
    },
  );

  it('100 actors start, 50 end early and 50 in time, and no timer is left', async () => {
    const { clock, fired, searched, spawn } = createFamily(xstate, isRemembered);
    const actors = Array.from({ length: 100 }, (_, n) => spawn(`${n}`));
    expect(clock.pending).toBe(1);
    const [early, later] = [0, 1].map((half) => actors.filter((_, n) => n % 2 === half));
    for (const actor of early ?? []) actor.send({ type: 'end' });
    expect(clock.pending).toBe(1);
    await clock.advance(200);
    expect(fired).toHaveLength(100);
    expect(new Set(fired.map((name) => Number(name) % 2))).toEqual(new Set([1]));
    for (const actor of later ?? []) actor.send({ type: 'end' });
    expect([clock.pending, searched]).toEqual([0, []]);
    expect(actors.map((actor) => actor.getSnapshot().status)).toEqual(Array(100).fill('done'));
  });
});
