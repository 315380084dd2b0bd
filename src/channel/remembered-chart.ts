/**
 * XState works out anew what an event does in a state, for each actor and each time: 13 to 25 µs. All actors of a
 * statechart differ only in what its guards say. So XState is asked once, for every answer of the guards, and the steps
 * are remembered. Actors, events, inspection and effects are as before, in the same order.
 * As `xstate-internals.ts`, this reads what XState does not publish; test/property/remembered-chart.test.ts and
 * test/integration/xstate-versions.test.ts compare both ways. Transitions that start or stop a child are left to XState.
 */
import type { AnyStateMachine } from 'xstate';
import type { Ask, Event, Run, Scope, Snapshot, Step } from './chart-steps.ts';
import { assigned, done, entered, told } from './chart-steps.ts';

/** What is done up to the next guard, and what follows on its answer; without a guard, the end. */
interface Path {
  readonly steps: readonly Step[];
  readonly guard?: Ask<boolean>;
  readonly yes?: Path;
  readonly no?: Path;
}

/** Logic for actors of a statechart whose parameters, and outputs of final states, are no functions. */
export function remembered<Machine extends AnyStateMachine>(machine: Machine): Machine {
  const memory = new Memory(machine);
  return Object.create(machine, {
    getInitialSnapshot: { value: (scope: Scope, input: unknown) => memory.begin(scope, input) },
    transition: { value: (snapshot: Snapshot, event: Event, scope: Scope) => memory.follow(snapshot, event, scope) },
  }) as Machine;
}

class Memory {
  readonly #machine: AnyStateMachine;
  /** By state: a snapshot without a context, in which all actors of that state are alike. */
  readonly #shapes = new Map<string, Snapshot>();
  /** By the nodes of such a snapshot and the type of the event; null: XState does it. */
  readonly #paths = new Map<readonly unknown[], Map<string, Path | null>>();
  #beginning: Path | null | undefined;

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
  }

  begin(scope: Scope, input: unknown): unknown {
    const event = { type: 'xstate.init', input };
    if (this.#beginning === undefined) this.#beginning = this.#explore(undefined, event);
    const { context } = this.#machine.config;
    if (this.#beginning === null || typeof context !== 'function')
      return this.#machine.getInitialSnapshot(scope as never, input);
    // The first step brings the snapshot.
    const run = { event, scope, context: context({ input } as never), snapshot: undefined as never };
    return go(this.#beginning, run);
  }

  follow(snapshot: Snapshot, event: Event, scope: Scope): unknown {
    const path = snapshot.status === 'active' ? this.#pathOf(snapshot, event) : null;
    if (path === null) return this.#machine.transition(snapshot as never, event, scope as never);
    return go(path, { event, scope, context: snapshot.context, snapshot });
  }

  #pathOf(snapshot: Snapshot, event: Event): Path | null {
    const paths = this.#paths.get(snapshot._nodes);
    if (paths === undefined) return null;
    const known = paths.get(event.type);
    if (known !== undefined) return known;
    const path = this.#explore(snapshot, event);
    paths.set(event.type, path);
    return path;
  }

  #explore(from: Snapshot | undefined, event: Event): Path | null {
    const after = (answers: readonly boolean[]): Path => {
      const { guards, steps } = this.#ask(from, event, answers);
      const next = guards[answers.length];
      const reached = { steps: steps.slice(guards[answers.length - 1]?.at ?? 0, next?.at) };
      if (next === undefined) return reached;
      return { ...reached, guard: next.guard, yes: after([...answers, true]), no: after([...answers, false]) };
    };
    try {
      return after([]);
    } catch (error) {
      // The stack is nearly used up: that says nothing about the next time.
      if (error instanceof RangeError) throw error;
      return null;
    }
  }

  /** What XState does if the guards answer so, and `false` after that. Throws if that is more than is remembered. */
  #ask(from: Snapshot | undefined, event: Event, answers: readonly boolean[]) {
    const { actions, guards, delays } = this.#machine.implementations;
    const asked: { readonly at: number; readonly guard: Ask<boolean> }[] = [];
    const steps: Step[] = [];
    const waits = Object.values(delays) as unknown as readonly Ask<number>[];
    const answered = (guard: Ask<boolean>) => () => {
      asked.push({ at: steps.length, guard });
      return answers[asked.length - 1] ?? false;
    };
    const noted = (action: { readonly assignment?: Ask<object> }) => {
      const { assignment } = action;
      if (assignment === undefined) return action;
      return Object.assign(() => {}, action, { assignment: () => void steps.push(assigned(assignment)) });
    };
    const implementations = {
      ...this.#machine.implementations,
      actions: mapped(actions, noted as never),
      guards: mapped(guards, answered as never),
      delays: mapped(delays, (_, index) => () => index),
    };
    const machine = Object.create(this.#machine, { implementations: { value: implementations } }) as AnyStateMachine;
    const start = { ...from, machine, context: {} };
    const hear = ({ type, snapshot, _transitions }: Readonly<Record<string, unknown>>): void => {
      if (type !== '@xstate.microstep') return;
      const to = snapshot === start ? undefined : (snapshot as Snapshot);
      steps.push(entered(to && this.#shapeOf(to), to && this.#outputOf(to)), told(_transitions));
    };
    const scope: Scope = {
      self: {},
      system: { _sendInspectionEvent: hear },
      actionExecutor: (action) => void steps.push(done(action, waits)),
      defer: () => {},
    };
    if (from !== undefined) machine.transition(start as never, event, scope as never);
    else steps.push(entered(this.#shapeOf(firstOf(machine, scope))));
    return { guards: asked, steps };
  }

  /** How XState makes the output of an actor that has come to its end; undefined: it goes on. */
  #outputOf({ _nodes, status }: Snapshot): ((run: Run) => unknown) | undefined {
    const { output } = this.#machine.root;
    const end = _nodes.find(({ type }) => type === 'final');
    if (status !== 'done' || end === undefined || typeof output !== 'function') return undefined;
    const event = { type: `xstate.done.state.${end.id}`, output: end.output };
    return ({ context, scope: { self } }) => output({ context, event, self } as never);
  }

  /** Throws for an actor that has failed or has children. */
  #shapeOf(snapshot: Snapshot): Snapshot {
    const { children, status } = snapshot;
    if (!['active', 'done'].includes(status) || Object.keys(children).length > 0) throw new Error('not remembered');
    const state = JSON.stringify(snapshot.value);
    const known = this.#shapes.get(state);
    if (known !== undefined) return known;
    const shape = { ...snapshot, machine: this.#machine, context: undefined };
    this.#shapes.set(state, shape);
    this.#paths.set(shape._nodes, new Map());
    return shape;
  }
}

function go(path: Path, run: Run): Snapshot {
  for (let at: Path | undefined = path; at !== undefined; at = at.guard?.(run) === true ? at.yes : at.no)
    for (const step of at.steps) step(run);
  return run.snapshot;
}

function firstOf(machine: AnyStateMachine, scope: Scope): Snapshot {
  // Each machine has this method as its own, bound to itself.
  const { getInitialSnapshot } = Object.getPrototypeOf(Object.getPrototypeOf(machine)) as AnyStateMachine;
  return getInitialSnapshot.call(machine, scope as never, {}) as unknown as Snapshot;
}

function mapped<Value>(map: Readonly<Record<string, Value>>, change: (value: Value, index: number) => unknown) {
  return Object.fromEntries(Object.entries(map).map(([name, value], index) => [name, change(value, index)]));
}
