/** What a transition of a statechart does, one thing after the other, as `remembered-chart.ts` remembers it. */

/** What XState's type of a snapshot leaves out, or hides behind the type of its machine. */
export interface Snapshot {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
  readonly output: unknown;
  readonly children: object;
  readonly _nodes: readonly { readonly type: string; readonly id: string; readonly output?: unknown }[];
}

/** What XState hands to the logic of an actor. */
export interface Scope {
  readonly self: unknown;
  readonly system: {
    readonly scheduler?: {
      schedule(source: unknown, target: unknown, event: unknown, delay: number, id: string): void;
      cancel(source: unknown, id: string): void;
    };
    _sendInspectionEvent(event: Readonly<Record<string, unknown>>): void;
  };
  actionExecutor(action: Action & { readonly info: unknown }): void;
  defer(effect: () => void): void;
}

export interface Event {
  readonly type: string;
}

interface Action {
  readonly type: string;
  readonly params: unknown;
  readonly exec?: unknown;
}

/** One transition of one actor, as far as it has come. */
export interface Run {
  readonly event: Event;
  readonly scope: Scope;
  context: unknown;
  snapshot: Snapshot;
}

export type Ask<Answer> = (args: { readonly context: unknown; readonly event: Event }) => Answer;
export type Step = (run: Run) => void;

/** The context changes. */
export function assigned(assignment: Ask<object>): Step {
  return (run) => {
    run.context = { ...(run.context as object), ...assignment(run) };
  };
}

/** The state changes. `shape`: a snapshot without its context; undefined: nothing does. `output`: of an actor that ends. */
export function entered(shape: Snapshot | undefined, output?: (run: Run) => unknown): Step {
  return (run) => {
    if (shape !== undefined)
      run.snapshot = { ...shape, context: run.context, output: output === undefined ? shape.output : output(run) };
  };
}

/** An inspector hears of a step. */
export function told(_transitions: unknown): Step {
  return ({ event, scope, snapshot }) => {
    const { self: actorRef, system } = scope;
    system._sendInspectionEvent({ type: '@xstate.microstep', actorRef, event, snapshot, _transitions });
  };
}

/** Throws for what is not remembered, such as the start of an actor. `waits`: by the delay that was found for it. */
export function done({ type, params, exec }: Action, waits: readonly Ask<number>[]): Step {
  if (type === 'xstate.raise') return raised(params as Raised, waits);
  if (type === 'xstate.cancel') return canceled(params as { readonly sendId: string });
  if (type.startsWith('xstate.')) throw new Error('not remembered');
  return (run) => execute(run, type, params, exec);
}

interface Raised {
  readonly event: Event;
  readonly id: string;
  readonly delay: number;
}

function raised({ event, id, delay: index }: Raised, waits: readonly Ask<number>[]): Step {
  const wait = waits[index];
  if (wait === undefined) throw new Error('not remembered');
  return (run) => {
    const { self, system } = run.scope;
    const delay = wait(run);
    const schedule = (): void => system.scheduler?.schedule(self, self, event, delay, id);
    execute(run, 'xstate.raise', { event, id, delay }, () => run.scope.defer(schedule));
  };
}

function canceled(params: { readonly sendId: string }): Step {
  return (run) => {
    const { self, system } = run.scope;
    const cancel = (): void => system.scheduler?.cancel(self, params.sendId);
    execute(run, 'xstate.cancel', params, () => run.scope.defer(cancel));
  };
}

function execute({ context, event, scope }: Run, type: string, params: unknown, exec: unknown): void {
  const { self, system } = scope;
  scope.actionExecutor({ type, info: { context, event, self, system }, params, exec });
}
