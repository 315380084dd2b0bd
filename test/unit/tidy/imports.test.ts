import { describe, expect, it } from 'vitest';
import { circlesIn, type ImportGraph, importsIn, importsOf, upwardImportsIn } from '../../support/import-graph.ts';

// The chaos command shows the channels of the examples.
const graph = importsOf(['src', 'machines', 'docs/examples']);

/** The real graph with one import more. */
function withImport(from: string, to: string): ImportGraph {
  expect([graph.has(from), graph.has(to)]).toEqual([true, true]);
  return new Map([...graph, [from, [...(graph.get(from) ?? []), to]]]);
}

describe('the imports of the sources, types included', () => {
  it('lead to files that are there', () => {
    const missing = [...graph].flatMap(([, imported]) => imported.filter((each) => !graph.has(each)));
    expect(missing).toEqual([]);
    expect(graph.size).toBeGreaterThan(150);
  });

  it('form no circle', () => {
    expect(circlesIn(graph)).toEqual([]);
  });

  it('never run upward', () => {
    expect(upwardImportsIn(graph)).toEqual([]);
  });
});

describe('a planted circle is found', () => {
  it('of two files', () => {
    const planted = withImport('src/core/clock.ts', 'src/core/coarse-clock.ts');
    expect(circlesIn(planted)).toEqual([['src/core/clock.ts', 'src/core/coarse-clock.ts']]);
  });

  it('of many files, as one component', () => {
    const [circle, ...more] = circlesIn(withImport('src/core/clock.ts', 'src/router/fleet.ts'));
    expect(circle).toEqual(expect.arrayContaining(['src/core/clock.ts', 'src/channel/life.ts', 'src/router/fleet.ts']));
    expect(more).toEqual([]);
  });

  it('of a file with itself', () => {
    expect(circlesIn(withImport('src/core/clock.ts', 'src/core/clock.ts'))).toEqual([['src/core/clock.ts']]);
  });
});

describe('a planted import that runs upward is found', () => {
  it.each([
    ['src/core/clock.ts', 'src/config/schema.ts'],
    ['src/core/clock.ts', 'machines/channel.ts'],
    ['src/config/schema.ts', 'src/facts/bus.ts'],
    ['src/facts/bus.ts', 'src/channel/inbox.ts'],
    ['src/facts/bus.ts', 'machines/channel.ts'],
    ['src/channel/inbox.ts', 'src/source/ack-ledger.ts'],
    ['src/source/stays.ts', 'src/report/explain.ts'],
    ['src/report/explain.ts', 'src/router/fleet.ts'],
    ['src/recorder/flight-recorder.ts', 'src/router/fleet.ts'],
    ['src/router/fleet.ts', 'src/index.ts'],
    ['src/router/fleet.ts', 'src/inspector/server.ts'],
    ['machines/channel.ts', 'src/channel/inbox.ts'],
    ['machines/channel.ts', 'src/config/schema.ts'],
    ['machines/channel.ts', 'src/adapters/system-clock.ts'],
    ['src/adapters/system-clock.ts', 'src/config/schema.ts'],
    ['src/adapters/system-clock.ts', 'machines/channel.ts'],
  ])('%s → %s', (from, to) => {
    expect(upwardImportsIn(withImport(from, to))).toContain(`${from} → ${to}`);
  });

  it.each([
    ['src/channel/inbox.ts', 'machines/channel.ts'],
    ['src/router/fleet.ts', 'src/adapters/system-clock.ts'],
    ['src/cli/main.ts', 'src/index.ts'],
    ['machines/channel.ts', 'src/core/clock.ts'],
  ])('%s → %s is none', (from, to) => {
    expect(upwardImportsIn(withImport(from, to))).not.toContain(`${from} → ${to}`);
  });
});

it.each([
  ["import { a } from './b.ts';"],
  ["import type { A } from './b.ts';"],
  ["import {\n  a,\n  type B,\n} from './b.ts';"],
  ["import './b.ts';"],
  ["import * as b from './b.ts';"],
  ["export { a } from './b.ts';"],
  ["export type { A } from './b.ts';"],
  ["const b = await import('./b.ts');"],
  ["type A = import('./b.ts').A;"],
  ["type A = typeof import(\n  './b.ts'\n);"],
])('%j is an import', (source) => {
  expect(importsIn('src/x/a.ts', source)).toEqual(['src/x/b.ts']);
});

it.each([
  ["import { x } from 'xstate';"],
  ["// import { a } from './b.ts';"],
  ["/**\n * import { a } from './b.ts';\n */"],
])('%j is no import of ours', (source) => {
  expect(importsIn('src/x/a.ts', source)).toEqual([]);
});
