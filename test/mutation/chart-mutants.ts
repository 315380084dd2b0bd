import { parseAst } from 'vitest/node';

/** A machine's source with one thing in its chart taken away or turned round. */
export interface Mutant {
  /** `router/serving.running/always.0/remove`: machine, state, place in the state, what was done to it. */
  readonly id: string;
  readonly source: string;
}

/** What the walk reads of a syntax tree. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}
interface Property extends Node {
  readonly key: Node & { readonly name?: string; readonly value?: unknown };
  readonly value: Node;
}
/** A part of the source that is replaced. */
type Edit = readonly [start: number, end: number, text: string];
type Edits = ReadonlyArray<readonly [what: string, edit: Edit]>;

/** Far more steps than any chart takes for one event: a mutant that runs in a circle ends with an error. */
const ITERATIONS_MAX = 10_000;
const CANDIDATES = /^(always|onDone|onError|(on|after)\..+)$/;
const IMPORT_OF_NOT = "import { not as mutantNot } from 'xstate';";

/** All mutants of the one literal chart in a machine's source, in the order of the source. */
export function mutantsOf(machine: string, source: string): Mutant[] {
  const chart = chartIn(source);
  const guardAgainstLoops: Edit = [chart.start + 1, chart.start + 1, ` options: { maxIterations: ${ITERATIONS_MAX} },`];
  return stateEdits(chart, '(root)', source).map(([what, edit]) => ({
    id: `${machine}/${what}`,
    source: IMPORT_OF_NOT + changed(source, [edit, guardAgainstLoops]),
  }));
}

function chartIn(source: string): Node {
  const found: Node[] = [];
  visit(parseAst(source, { lang: 'ts' }) as unknown as Node, (node) => {
    const { callee, arguments: given } = node as Node & {
      callee?: { property?: { name?: string } };
      arguments?: Node[];
    };
    if (callee?.property?.name === 'createMachine' && given?.[0] !== undefined) found.push(given[0]);
  });
  const [chart] = found;
  if (chart === undefined || found.length > 1) throw new Error(`one createMachine was expected, ${found.length} found`);
  return chart;
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value) see(value as Node);
  for (const child of Object.values(value)) visit(child, see);
}

function stateEdits(state: Node, path: string, source: string): Edits {
  const parts = propertiesOf(state);
  const own = parts.flatMap((part): Edits => {
    const name = nameOf(part);
    if (name === 'states') return [];
    if (name === 'entry' || name === 'exit') return actionEdits(part, source);
    if (name === 'invoke') return invokeEdits(part, source);
    if (name === 'always') return candidateEdits(part, name, source);
    if (name !== 'on' && name !== 'after') return [];
    return propertiesOf(part.value).flatMap((event) => candidateEdits(event, `${name}.${nameOf(event)}`, source));
  });
  const inner = propertiesOf(parts.find((part) => nameOf(part) === 'states')?.value);
  return [
    ...own.map(([what, edit]) => [`${path}/${what}`, edit] as const),
    ...inner.flatMap((child) => {
      const name = nameOf(child);
      return stateEdits(child.value, path === '(root)' ? name : `${path}.${name}`, source);
    }),
  ];
}

function invokeEdits(part: Property, source: string): Edits {
  const invoked = propertiesOf(part.value);
  const src = invoked.find((property) => nameOf(property) === 'src');
  const name = src === undefined ? '?' : textOf(src.value, source);
  return [
    [`invoke.${name}/remove`, without(part, source)],
    ...invoked
      .filter((property) => CANDIDATES.test(nameOf(property)))
      .flatMap((property) => candidateEdits(property, nameOf(property), source)),
  ];
}

/** A transition and its alternatives: each removed, unguarded, turned round, and robbed of what it does. */
function candidateEdits(part: Property, place: string, source: string): Edits {
  const candidates = elementsOf(part.value);
  if (candidates === undefined) return oneCandidate(part, part.value, place, source);
  return candidates.flatMap((node, index) => oneCandidate(node, node, `${place}.${index}`, source));
}

function oneCandidate(whole: Node, candidate: Node, place: string, source: string): Edits {
  const parts = propertiesOf(candidate);
  const guard = parts.find((part) => nameOf(part) === 'guard');
  const reenter = parts.find((part) => nameOf(part) === 'reenter');
  const actions = parts.find((part) => nameOf(part) === 'actions');
  const edits: Edits[number][] = [['remove', without(whole, source)]];
  if (guard !== undefined) {
    const { start, end } = guard.value;
    edits.push(['unguard', without(guard, source)]);
    edits.push(['invert', [start, end, `mutantNot(${source.slice(start, end)})`]]);
  }
  if (reenter !== undefined) edits.push(['stay', without(reenter, source)]);
  if (actions !== undefined) edits.push(...actionEdits(actions, source));
  return edits.map(([what, edit]) => [`${place}/${what}`, edit] as const);
}

function actionEdits(part: Property, source: string): Edits {
  const actions = elementsOf(part.value)?.map((node) => ({ whole: node, action: node }));
  return (actions ?? [{ whole: part, action: part.value }]).map(({ whole, action }) => {
    const type = propertiesOf(action).find((property) => nameOf(property) === 'type');
    return [`${nameOf(part)}.${textOf(type?.value ?? action, source)}/remove`, without(whole, source)];
  });
}

/** Cuts a property or an element, with the comma behind it. */
function without({ start, end }: Node, source: string): Edit {
  const comma = /^\s*,/.exec(source.slice(end));
  return [start, end + (comma?.[0].length ?? 0), ''];
}

function changed(source: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort(([a], [b]) => b - a)
    .reduce((text, [start, end, replacement]) => text.slice(0, start) + replacement + text.slice(end), source);
}

function propertiesOf(node: Node | undefined): readonly Property[] {
  if (node?.type !== 'ObjectExpression') return [];
  const { properties } = node as Node & { properties: readonly Node[] };
  if (properties.some(({ type }) => type !== 'Property')) throw new Error('a chart is one literal, without a spread');
  return properties as readonly Property[];
}

function elementsOf(node: Node): readonly Node[] | undefined {
  return node.type === 'ArrayExpression' ? (node as Node & { elements: readonly Node[] }).elements : undefined;
}

function nameOf({ key }: Property): string {
  return key.name ?? String(key.value);
}

/** A name as it stands in the chart, without its quotes. */
function textOf({ start, end }: Node, source: string): string {
  return source.slice(start, end).replaceAll("'", '');
}
