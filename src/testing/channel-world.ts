/**
 * The part of a channel's data plane that the guards of the statechart read, small enough to enumerate. It is part of
 * the model's state, and the stub port of the model answers from it. After each step the real port must give the same
 * answers.
 */
export interface World {
  readonly batchSize: number;
  /** New messages in the mailbox. */
  readonly waiting: number;
  /** The oldest of them has waited long enough, or an operator asked for a flush. */
  readonly isOverdue: boolean;
  /** The sizes of the failed batches, in order. */
  readonly held: readonly number[];
  /** The first of these is part of a batch that is being split. */
  readonly isSplit: boolean;
  /** Messages in the call of `process`, and whether they failed before. */
  readonly call: number;
  readonly isRepeated: boolean;
  /** The call began before the breaker opened, so its outcome does not count for the breaker. */
  readonly isLate: boolean;
  readonly isPaused: boolean;
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** The cool-down runs. */
  readonly isCooling: boolean;
  /** An operator said how long, so that nothing shortens it. */
  readonly isHeldOpen: boolean;
  /** The backoff after a failure runs. */
  readonly isBackingOff: boolean;
  /** The deadline of the drain comes before any backoff or cool-down is over. */
  readonly isDeadlineNear: boolean;
}

export function newWorld(batchSize: number): World {
  return {
    batchSize,
    waiting: 0,
    isOverdue: false,
    held: [],
    isSplit: false,
    call: 0,
    isRepeated: false,
    isLate: false,
    isPaused: false,
    breaker: 'closed',
    isCooling: false,
    isHeldOpen: false,
    isBackingOff: false,
    isDeadlineNear: false,
  };
}

/** The facts a port shows to the guards. */
export function factsOf(world: World) {
  const isTripped = world.breaker !== 'closed';
  const isHeld = world.held.length > 0;
  return {
    isPaused: world.isPaused,
    isTripped,
    hasWork: isHeld || world.waiting > 0,
    isDue: world.call > 0 || isHeld || isFull(world) || (world.isOverdue && world.waiting > 0),
    isIsolating: world.isSplit && isHeld,
    mustWait: (world.isBackingOff && isHeld) || world.isCooling,
  };
}

function isFull(world: World): boolean {
  return world.waiting >= world.batchSize;
}

/** A delivery that may call takes what is next; `isEager`: also what is not due. */
export function withCall(world: World, isEager: boolean): World {
  if (world.call > 0) return world;
  const [head, ...rest] = world.held;
  if (head !== undefined) {
    const call = Math.min(world.batchSize, head);
    return { ...world, call, isRepeated: true, held: head > call ? [head - call, ...rest] : rest };
  }
  const isDue = isFull(world) || world.isOverdue || isEager;
  if (world.waiting === 0 || !isDue) return world;
  const call = Math.min(world.batchSize, world.waiting);
  const waiting = world.waiting - call;
  return { ...world, call, isRepeated: false, waiting, isOverdue: world.isOverdue && waiting > 0 };
}

/** The call succeeded. */
export function withSuccess(world: World): World {
  return { ...world, call: 0, isLate: false, isSplit: world.isSplit && world.held.length > 0 };
}

/** Call after call succeeded, until nothing more was due. */
export function withAllDelivered(world: World, isEager: boolean): World {
  let left = world;
  for (let next = withCall(left, isEager); next.call > 0; next = withCall(left, isEager)) left = withSuccess(next);
  return { ...left, isSplit: false };
}

/** The sink failed every call until the delivery gave up trying: a batch that failed before was split. */
export function withFailure(world: World): World {
  const { call, isRepeated, held } = world;
  const parts = isRepeated && call > 1 ? Array.from({ length: call }, () => 1) : [call];
  const isSplit = world.isSplit || parts.length > 1;
  return { ...world, call: 0, isLate: false, held: [...parts, ...held], isSplit, isBackingOff: true };
}

/** A search for poison begins and continues without a wait. */
export function withFlushFailure(world: World): World {
  const isSearch = (world.isRepeated && world.call > 1) || (world.isSplit && world.held.length > 0);
  return { ...withFailure(world), isBackingOff: !isSearch || world.isBackingOff };
}

/** One call failed. While more can be learned from others there is nothing to wait for. */
export function withOneFailure(world: World): World {
  return { ...withFailure(world), isBackingOff: isConclusive(world) || world.isBackingOff };
}

/** The failure of the call leaves nothing to try at once: no parts of it, and no others that failed too. */
export function isConclusive({ isRepeated, call, held }: World): boolean {
  return !isRepeated || (call === 1 && held.length === 0);
}
