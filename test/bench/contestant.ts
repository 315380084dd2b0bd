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
  readonly process: Process;
}

/** Where messages go in. */
export interface Intake {
  /** False: there is no room, the message was not taken; try again after `room`. */
  push(message: Message): boolean;
  room(): Promise<void>;
  close(): Promise<void>;
}

/** Makes a contestant ready for the cases that push messages. */
export type Open = (lanes: readonly LaneSpec[]) => Intake | Promise<Intake>;

/** One channel of a contestant that knows nothing of types. */
export interface Lane {
  push(message: Message): boolean;
  room?(): Promise<void>;
  close?(): void;
}

/** Waits until the event loop has had its turn. */
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
      push: (message) => lanes.get(message.ev)?.push(message) ?? false,
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

/**
 * A user's own buffer: hands a batch over when it is full, or when its first message has waited long enough. What takes
 * the batches may queue them.
 */
export class Batcher implements Lane {
  #batch: Message[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #size: number;
  readonly #timeoutMs: number;
  readonly #handOver: (batch: Message[]) => void;

  constructor({ batchSize, timeoutMs }: LaneSpec, handOver: (batch: Message[]) => void) {
    this.#size = batchSize;
    this.#timeoutMs = timeoutMs;
    this.#handOver = handOver;
  }

  push(message: Message): true {
    this.#batch.push(message);
    if (this.#batch.length >= this.#size) this.close();
    else if (this.#batch.length === 1) this.#timer = setTimeout(this.close, this.#timeoutMs);
    return true;
  }

  readonly close = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#handOver(batch);
  };
}
