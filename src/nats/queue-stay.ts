import type { JetStreamManager } from '@nats-io/jetstream';
import { pause, within } from '../cluster/patience.ts';
import type { Clock } from '../core/clock.ts';
import { NextChange } from '../core/next-change.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Assigned, CommitOutcome, Frame, ReadRoom } from '../core/source-port.ts';
import { type NatsFrame, NatsReader } from './nats-reader.ts';
import type { QueueSettings } from './queue-options.ts';

const READ_WAIT_MS = 1_000;

type StaySettings = QueueSettings & { readonly onAcknowledged: () => void };

/** What this process has of a queue: frames that it read and did not acknowledge. */
export class QueueStay implements Assigned {
  readonly partition = 0;
  readonly takeovers = 0;
  readonly marked = undefined;
  readonly fence: number;
  readonly #settings: StaySettings;
  readonly #clock: Clock;
  readonly reader: NatsReader;
  readonly #lost = new AbortController();
  readonly lost: AbortSignal = this.#lost.signal;
  /** Came, and the owner has not read them. */
  #waiting: NatsFrame[] = [];
  /** The owner has them; their positions grow. */
  #held: NatsFrame[] = [];
  #isReading = false;
  #isAsking = false;
  #failure: unknown;
  readonly #changes: NextChange;

  constructor(settings: StaySettings, manager: JetStreamManager, clock: Clock, fence: number) {
    const { connection, stream, consumer } = settings;
    this.fence = fence;
    this.#settings = settings;
    this.#clock = clock;
    this.#changes = new NextChange(clock);
    this.reader = new NatsReader({ connection, manager, clock, stream, from: { consumer }, log: '' });
    void this.#extendForever();
  }

  async read({ frames, bytes }: ReadRoom, signal: AbortSignal): Promise<readonly Frame[]> {
    if (this.#isReading) throw new SluiceError('refused', 'a read of the queue is under way: await it first');
    this.#isReading = true;
    try {
      if (!signal.aborted && !this.lost.aborted && !this.#mayTake) await this.#wait({ frames, bytes }, signal);
      if (this.#failure !== undefined) throw this.#failure;
      return signal.aborted || this.lost.aborted ? [] : this.#take({ frames, bytes });
    } finally {
      this.#isReading = false;
    }
  }

  async commit(position: number, withinMs: number): Promise<CommitOutcome> {
    if (this.lost.aborted) return 'lost';
    const last = this.#held.findLastIndex((frame) => frame.position <= position);
    const settled = this.#held.slice(0, last + 1);
    const outcome = await this.#acknowledge(settled, withinMs);
    // Until the server has said it, each of them is acknowledged again with the next commit.
    if (outcome === 'kept') this.#held = this.#held.filter((frame) => !settled.includes(frame));
    this.#changes.notify();
    return outcome;
  }

  /** Nobody could read it: there is no other owner. */
  async mark(): Promise<CommitOutcome> {
    return this.lost.aborted ? 'lost' : 'kept';
  }

  async release(position: number | undefined, withinMs: number): Promise<CommitOutcome> {
    const outcome = await this.commit(position ?? 0, withinMs);
    if (outcome !== 'lost') await this.end(withinMs);
    return outcome;
  }

  /** What was not acknowledged is given back, so that it is delivered again at once. */
  async end(withinMs: number): Promise<void> {
    if (this.lost.aborted) return;
    this.#lost.abort();
    this.#changes.notify();
    const { connection } = this.#settings;
    this.reader.close();
    if (connection.isClosed()) return;
    for (const { reply } of [...this.#held, ...this.#waiting, ...this.reader.takeAll()])
      connection.publish(reply, '-NAK');
    await within(this.#clock, withinMs, connection.flush()).catch(() => {});
  }

  #take({ frames, bytes }: ReadRoom): readonly Frame[] {
    let size = 0;
    const taken: NatsFrame[] = [];
    while (this.#mayTake && taken.length < frames) {
      const [next] = this.#waiting;
      if (next === undefined) break;
      size += next.bytes.length;
      if (taken.length > 0 && size > bytes) break;
      this.#waiting.shift();
      this.#held.push(next);
      taken.push(next);
    }
    return taken.map(({ position, bytes: own }) => ({
      position,
      bytes: own,
      messages: () => this.#settings.decode(own),
    }));
  }

  /** One that came again, and is before the others, waits until these are acknowledged: positions grow meanwhile. */
  get #mayTake(): boolean {
    const [next] = this.#waiting;
    return next !== undefined && next.position > (this.#held.at(-1)?.position ?? 0);
  }

  async #wait(room: ReadRoom, signal: AbortSignal): Promise<void> {
    const isOver = (): boolean => signal.aborted || this.lost.aborted || this.#failure !== undefined;
    const until = this.#clock.now() + READ_WAIT_MS;
    while (!isOver() && !this.#mayTake && this.#clock.now() < until) {
      this.#ask(room);
      await this.#changes.wait(until - this.#clock.now(), signal);
    }
  }

  #ask({ frames, bytes }: ReadRoom): void {
    if (this.#waiting.length > 0 || this.#isAsking) return;
    this.#isAsking = true;
    const settle = (came: readonly NatsFrame[]): void => {
      this.#isAsking = false;
      const own = new Set(this.#held.map(({ position }) => position));
      // What is here already was delivered again because it was not extended in time.
      for (const frame of came) if (!own.has(frame.position)) this.#waiting.push(frame);
      this.#changes.notify();
    };
    this.reader.read(frames, bytes).then(settle, (error) => {
      if (!this.lost.aborted) this.#failure = error;
      this.#changes.notify();
    });
  }

  /** The acknowledgements of a connection arrive in order: the answer to the last is that of all. */
  async #acknowledge(frames: readonly NatsFrame[], withinMs: number): Promise<CommitOutcome> {
    const { connection } = this.#settings;
    const last = frames.at(-1);
    if (last === undefined) return 'kept';
    try {
      for (const { reply } of frames.slice(0, -1)) connection.publish(reply, '+ACK');
      await within(this.#clock, withinMs, connection.request(last.reply, '+ACK', { timeout: Math.max(1, withinMs) }));
      this.#settings.onAcknowledged();
      return 'kept';
    } catch {
      return this.lost.aborted ? 'lost' : 'unknown';
    }
  }

  /** What is here is not delivered to others meanwhile. */
  async #extendForever(): Promise<void> {
    const { connection, ackWaitMs } = this.#settings;
    while (!this.lost.aborted) {
      await pause(this.#clock, ackWaitMs / 3, this.lost);
      if (this.lost.aborted || connection.isClosed()) continue;
      for (const { reply } of [...this.#held, ...this.#waiting]) connection.publish(reply, '+WPI');
    }
  }
}
