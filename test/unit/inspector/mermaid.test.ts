import { describe, expect, it } from 'vitest';
import { and, createMachine, fromPromise, not, setup, stateIn } from 'xstate';
import { channelMachine, routerMachine } from '../../../machines/index.ts';
import { toMermaid } from '../../../src/inspector/mermaid.ts';

function linesOf(machine: Parameters<typeof toMermaid>[0]): string[] {
  return toMermaid(machine)
    .trimEnd()
    .split('\n')
    .map((line) => line.trim());
}

const idle = async (): Promise<void> => undefined;

it('a flat machine is drawn whole', () => {
  const machine = createMachine({
    id: 'light',
    initial: 'red',
    states: {
      red: { on: { go: 'green' } },
      green: { on: { stop: 'red', crash: 'broken' } },
      broken: { type: 'final' },
    },
  });
  expect(toMermaid(machine)).toBe(`stateDiagram-v2
  direction LR
  [*] --> light__red
  state "red" as light__red
  state "green" as light__green
  state "broken" as light__broken
  light__red --> light__green: go
  light__green --> light__red: stop
  light__green --> light__broken: crash
  light__broken --> [*]
`);
});

describe('labels', () => {
  const machine = setup({
    actors: { load: fromPromise(idle) },
    guards: { isDue: () => true, isFull: () => true },
    delays: { linger: 5 },
  }).createMachine({
    id: 'm',
    initial: 'a',
    states: {
      a: {
        invoke: [
          { id: 'loader', src: 'load', onDone: 'b', onError: 'c' },
          { src: 'load', onDone: 'd' },
        ],
        after: { linger: 'e', 50: 'f' },
        always: { guard: 'isDue', target: 'g' },
        on: {
          'batch.*': { guard: and(['isDue', not('isFull'), stateIn('b')]), target: 'h' },
          '*': { guard: () => false, target: 'i' },
        },
      },
      b: {},
      c: {},
      d: {},
      e: {},
      f: {},
      g: {},
      h: {},
      i: { initial: 'x', states: { x: { type: 'final' } }, onDone: 'b' },
    },
  });

  it.each([
    ['an actor that is done', 'm__a --> m__b: done(loader)'],
    ['an actor that failed', 'm__a --> m__c: error(loader)'],
    ['an actor without an id, by its source', 'm__a --> m__d: done(load)'],
    ['a named delay', 'm__a --> m__e: after linger'],
    ['a delay in milliseconds', 'm__a --> m__f: after 50 ms'],
    ['an eventless transition and its guard', 'm__a --> m__g: always [isDue]'],
    ['a wildcard and composed guards', 'm__a --> m__h: batch.* [and(isDue, not(isFull), stateIn)]'],
    ['any event', 'm__a --> m__i__x: any event [guard]'],
    ['a composite state that is done', 'm__i__any --> m__b: done'],
    ['the actors a state runs', 'state "a<br/>invokes loader<br/>invokes load" as m__a'],
  ])('name %s', (_, line) => {
    expect(linesOf(machine)).toContain(line);
  });

  it('of several transitions between the same two states share one arrow, each once', () => {
    const merged = setup({ guards: { isDue: () => true } }).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { x: [{ guard: 'isDue', target: 'b' }, { target: 'b' }], y: ['b', 'b'] } }, b: {} },
    });
    expect(linesOf(merged)).toContain('m__a --> m__b: x [isDue]<br/>x<br/>y');
  });

  it('escape what Mermaid would read as syntax', () => {
    const odd = createMachine({ id: 'm', initial: 'a:b', states: { 'a:b': { on: { '#{"x";<y>}': 'end' } }, end: {} } });
    const text = toMermaid(odd);
    expect(text).toContain('state "a#58;b" as m__a_b');
    expect(text).toContain('m__a_b --> m__end: #35;#123;#34;x#34;#59;#60;y#62;#125;');
  });
});

it('a guard without any name is inline', () => {
  const nameless = (
    () => () =>
      true
  )();
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    states: { a: { on: { x: { guard: nameless, target: 'b' } } }, b: {} },
  });
  expect(linesOf(machine)).toContain('m__a --> m__b: x [inline]');
});

it('a machine without states is an empty diagram', () => {
  expect(linesOf(createMachine({ id: 'm' }))).toEqual(['stateDiagram-v2', 'direction LR']);
});

it('an arrow from within a parallel state to itself leads into each of its regions', () => {
  const machine = createMachine({
    id: 'm',
    type: 'parallel',
    states: {
      left: { initial: 'a', states: { a: { on: { again: '#m' } } } },
      right: { initial: 'b', states: { b: {} } },
    },
  });
  expect(linesOf(machine)).toEqual(
    expect.arrayContaining(['m__left__a --> m__left__a: again', 'm__left__a --> m__right__b: again']),
  );
});

describe('transitions without a target', () => {
  const machine = setup({ actions: { count: () => undefined, log: () => undefined } }).createMachine({
    id: 'm',
    initial: 'a',
    on: { tick: { actions: 'log' } },
    states: { a: { on: { forbidden: {}, tick: { actions: ['count', 'log'] } } } },
  });

  it('are written into the state when they act, and left out when they only forbid', () => {
    expect(linesOf(machine)).toContain('state "a<br/>tick / count, log" as m__a');
    expect(toMermaid(machine)).not.toContain('forbidden');
  });

  it('of a composite state get a box inside it', () => {
    expect(linesOf(machine)).toContain('state "any state<br/>tick / log" as m__any');
    expect(linesOf(machine)).toContain('class m__any any');
  });
});

describe('a composite state', () => {
  const machine = createMachine({
    id: 'm',
    initial: 'off',
    states: {
      off: { on: { start: 'on', back: 'on.memory' } },
      on: {
        initial: 'slow',
        on: { boost: '.fast', restart: { target: 'on', reenter: true }, stop: 'off' },
        states: {
          slow: {},
          fast: { on: { calm: '#m.on', again: { target: 'fast', reenter: true } } },
          memory: { type: 'history' },
        },
      },
    },
  });

  it('is a block with its own start and its own arrows', () => {
    expect(toMermaid(machine)).toContain(`  state "on" as m__on {
    [*] --> m__on__slow
    state "slow" as m__on__slow
    state "fast" as m__on__fast
    state "memory (history)" as m__on__memory
    state "any state" as m__on__any
    m__on__any --> m__on__fast: boost
    m__on__any --> m__on__slow: restart
    m__on__fast --> m__on__slow: calm
    m__on__fast --> m__on__fast: again
  }`);
  });

  it('is left from the box for any state, and entered where entering leads', () => {
    expect(linesOf(machine)).toContain('m__on__any --> m__off: stop');
    expect(linesOf(machine)).toContain('m__off --> m__on__slow: start');
    expect(linesOf(machine)).toContain('m__off --> m__on__memory: back');
  });
});

describe('parallel states', () => {
  const region = { initial: 'x', states: { x: { on: { next: 'y' } }, y: {} } };

  it('are regions of a block, each with its name', () => {
    const machine = createMachine({
      id: 'm',
      initial: 'both',
      states: {
        both: { type: 'parallel', states: { left: region, right: region }, on: { stop: 'off' } },
        off: { on: { go: 'both' } },
      },
    });
    const lines = linesOf(machine);
    expect(lines.filter((line) => line === '--')).toHaveLength(2);
    expect(lines).toEqual(
      expect.arrayContaining(['state "left" as m__both__left {', 'm__both__left__x --> m__both__left__y: next']),
    );
    expect(lines).toEqual(expect.arrayContaining(['m__both__any --> m__off: stop', 'm__off --> m__both: go']));
  });

  it('at the root are framed, and an event of the whole is shown in the region it moves', () => {
    const machine = createMachine({
      id: 'm',
      type: 'parallel',
      states: { left: region, right: region },
      on: { jump: '.right.y' },
    });
    expect(toMermaid(machine)).toContain(`
  state "m" as m {
    state "left" as m__left {`);
    expect(linesOf(machine)).toContain('m__right__any --> m__right__y: jump');
  });

  it('may reach into each other', () => {
    const across = { ...region, states: { ...region.states, x: { on: { cross: '#m.right.y' } } } };
    const machine = createMachine({ id: 'm', type: 'parallel', states: { left: across, right: region } });
    expect(toMermaid(machine)).toMatch(/\n {2}m__left__x --> m__right__y: cross\n/);
  });
});

it.each([channelMachine, routerMachine])(
  'our machines show every state, and all arrows lead to states that are shown',
  (machine) => {
    const text = toMermaid(machine);
    const declared = new Set([...text.matchAll(/ as (\w+)/g)].map(([, id]) => id));
    const used = [...text.matchAll(/(\w+) --> |--> (\w+)/g)].map(([, from, to]) => from ?? to);
    expect(used.filter((id) => !declared.has(id))).toEqual([]);
    expect(declared.size).toBeGreaterThanOrEqual(Object.keys(machine.root.states).length);
  },
);
