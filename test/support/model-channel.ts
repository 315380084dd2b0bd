import type { InspectionEvent } from 'xstate';
import { ProcessingChannel } from '../../src/index.ts';
import type { factsOf } from '../../src/testing/channel-world.ts';
import { placeOf } from '../../src/testing/machine-paths.ts';
import { NAME, PathRun } from '../../src/testing/path-run.ts';

/** Who watches for which edge: idle for the first message, buffering for a full batch, and nobody else. */
const ASKING: Readonly<Record<string, string>> = { 'message.waiting': 'ready.idle', 'batch.full': 'ready.buffering' };

/** A channel that does nothing of its own. */
export class Blank extends ProcessingChannel<unknown> {
  override process(): void {}
}

/** A run along a path, and what only our own tests look at: the facts of the guards, edges, timers. */
export class ModelChannel {
  readonly run: PathRun;
  /** Edges that were sent to a state which had not asked for them. */
  readonly strayEdges: string[] = [];

  constructor(batchSize: number, inspect: (event: InspectionEvent) => void) {
    this.run = new PathRun({
      make: () => new Blank(),
      messages: [{ sym: 'A' }],
      eventRules: {},
      batchSize,
      inspect: (event) => {
        this.#noteEdge(event);
        inspect(event);
      },
    });
  }

  /** What the guards read now. */
  get facts(): ReturnType<typeof factsOf> {
    const { isPaused, isTripped, hasWork, isDue, isIsolating, mustWait } = this.run.port;
    return { isPaused, isTripped, hasWork, isDue, isIsolating, mustWait };
  }

  /** Why it is in its state, as the host sees it. */
  get reason(): { cause: string; error: unknown } {
    const { cause, error } = this.run.snapshot.context;
    return { cause, error: error?.message };
  }

  get inFlight(): number {
    this.run.test.checkConserved();
    return this.run.test.metrics(NAME).inFlight;
  }

  /** Lets the time pass that its state waits for; false: it is over and the channel has not gone on. */
  async isPunctual(): Promise<boolean> {
    const from = placeOf(this.run.snapshot);
    const { dueInMs, retryInMs, coolDownInMs } = this.run.port;
    const waits = { 'ready.buffering': dueInMs, 'ready.retrying': retryInMs, tripped: coolDownInMs };
    const ms = Object.entries(waits).find(([place]) => place === from)?.[1];
    if (ms === undefined) return true;
    await this.run.test.clock.advance(Math.max(1, Math.ceil(ms)));
    return placeOf(this.run.snapshot) !== from;
  }

  /** Ends everything; false: a timer was left behind. */
  async end(): Promise<boolean> {
    this.run.end();
    await this.run.test.clock.settle();
    return this.run.test.clock.pending === 0;
  }

  #noteEdge(event: InspectionEvent): void {
    if (event.type !== '@xstate.event' || !('id' in event.actorRef) || event.actorRef.id !== NAME) return;
    const asks = ASKING[event.event.type];
    const place = placeOf(event.actorRef.getSnapshot() as { readonly value: unknown });
    if (asks !== undefined && place !== asks) this.strayEdges.push(`${event.event.type} in ${place}`);
  }
}
