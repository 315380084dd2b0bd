import type { Message, MessageType } from './message.ts';

/** Takes a batch; a promise makes the next batch of this channel wait. */
export type Process = (batch: readonly Message[]) => Promise<void> | undefined;

/** What is asked of one channel, in sluice's words; every contestant gets the same. */
export interface LaneSpec {
  readonly type: MessageType;
  readonly priority: number;
  readonly batchSize: number;
  readonly timeoutMs: number;
  readonly capacity: number;
  /** `process` never returns a promise: whoever can leave promises out may do so. */
  readonly isSync: boolean;
  readonly process: Process;
}

/** Where messages go in. */
export interface Intake {
  /** False: there is no room, the message was not taken; try again after `room`. */
  push(message: Message): boolean;
  room(): Promise<void>;
  close(): Promise<void>;
}

/** Takes part in the cases that push messages. */
export type Open = (lanes: readonly LaneSpec[]) => Intake | Promise<Intake>;

/** One channel of a contestant that knows nothing of types. */
export interface Lane {
  push(message: Message): boolean;
  room?(): Promise<void>;
  close?(): void;
}

/** The event loop has had its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** One lane for each type, found as a user would: by one look-up. */
export function joinLanes(openLane: (spec: LaneSpec) => Lane): Open {
  return (specs) => {
    const lanes = new Map<string, Lane>(specs.map((spec) => [spec.type, openLane(spec)]));
    return {
      push: (message) => laneOf(lanes, message).push(message),
      async room() {
        await nextTurn();
        for (const lane of lanes.values()) await lane.room?.();
      },
      async close() {
        for (const lane of lanes.values()) lane.close?.();
      },
    };
  };
}

function laneOf(lanes: ReadonlyMap<string, Lane>, message: Message): Lane {
  const lane = lanes.get(message.ev);
  if (lane === undefined) throw new Error(`no lane for messages of type ${message.ev}`);
  return lane;
}
