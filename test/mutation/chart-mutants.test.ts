import { describe, expect, it } from 'vitest';
import { parseAst } from 'vitest/node';
import { channelMachine } from '../../machines/channel.ts';
import { ownershipMachine } from '../../machines/ownership.ts';
import { routerMachine } from '../../machines/router.ts';
import { sourceMachine } from '../../machines/source.ts';
import { statesOf, transitionsOf } from '../../src/inspector/mermaid.ts';
import { textOf } from '../support/project-files.ts';
import { mutantsOf } from './chart-mutants.ts';

const machines = { channel: channelMachine, router: routerMachine, source: sourceMachine, ownership: ownershipMachine };
const found = Object.keys(machines).flatMap((name) => mutantsOf(name, textOf(`machines/${name}.ts`)));
const TRANSITION = /\/((on|after)\.[\w.]+|always(\.\d+)?|onDone|onError)/;

describe.each(Object.entries(machines))('the mutants of the %s', (name, machine) => {
  const mutants = mutantsOf(name, textOf(`machines/${name}.ts`));
  const transitions = statesOf(machine.root).flatMap(transitionsOf);
  const endingWith = (what: string) =>
    mutants.filter(({ id }) => id.endsWith(`/${what}`) && TRANSITION.test(id) && !id.includes('/actions.'));

  it('are one for each transition', () => {
    expect(endingWith('remove')).toHaveLength(transitions.length);
  });

  it('are two for each guard', () => {
    const guarded = transitions.filter(({ guard }) => guard !== undefined);
    expect(endingWith('unguard')).toHaveLength(guarded.length);
    expect(endingWith('invert')).toHaveLength(guarded.length);
  });

  it('are one for each actor and each action', () => {
    const states = statesOf(machine.root);
    const actors = states.flatMap(({ invoke }) => invoke);
    const actions = [
      ...states.flatMap(({ entry, exit }) => [...entry, ...exit]),
      ...transitions.flatMap((t) => t.actions),
    ];
    // XState adds an action for each delay that it arms or cancels.
    const named = actions.filter((action) => typeof action === 'string' || (typeof action === 'object' && action.type));
    expect(mutants.filter(({ id }) => /\/invoke\.\w+\/remove$/.test(id))).toHaveLength(actors.length);
    expect(mutants.filter(({ id }) => /(entry|exit|actions)\.\w+\/remove$/.test(id))).toHaveLength(named.length);
  });
});

it('each mutant has a name of its own, and is a module that differs from all others', () => {
  for (const { source } of found) expect(() => parseAst(source, { lang: 'ts' })).not.toThrow();
  expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
  expect(new Set(found.map(({ source }) => source)).size).toBe(found.length);
});
