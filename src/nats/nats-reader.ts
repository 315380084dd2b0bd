import { AckPolicy, DeliverPolicy, type JetStreamManager, ReplayPolicy } from '@nats-io/jetstream';
import type { Msg, MsgHdrs, NatsConnection, PermissionViolationError, Subscription } from '@nats-io/transport-node';
import { createInbox } from '@nats-io/transport-node';
import type { LogFrame, LogReader } from '../cluster/broker.ts';
import type { Clock } from '../core/clock.ts';
import { NextChange } from '../core/next-change.ts';
import { NANOS_PER_MS } from './stream-config.ts';

const READ_WAIT_MS = 1_000;
/** A request for frames waits so long at the server. */
const REQUEST_MS = 5_000;
/** The server removes a consumer that nobody has asked for so long. */
const INACTIVE_MS = 30_000;
const BATCH_MAX = 256;
const AHEAD_MIN = 32;

interface ReaderParts {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly clock: Clock;
  readonly stream: string;
  /** After which position a consumer of its own begins, or a consumer that is shared with other processes. */
  readonly from: { readonly after: number } | { readonly consumer: string };
  /** When the stream was made. */
  readonly log: string;
}

/** A frame, and to where it is acknowledged. */
export interface NatsFrame extends LogFrame {
  readonly reply: string;
}

/**
 * Frames of one stream, from a consumer in the memory of the server that acknowledges nothing: the checkpoint is ours. Or
 * from one that is shared.
 *
 * It asks for frames by itself, without the client's `fetch` and `consume`: those take more than was asked for, or lose
 * what has arrived when they are broken off.
 */
export class NatsReader implements LogReader {
  readonly #parts: ReaderParts;
  readonly #inbox = createInbox();
  #subscription: Subscription | undefined;
  #consumer = '';
  #frames: NatsFrame[] = [];
  /** How many frames the requests at the server may still bring. */
  #expected = 0;
  #requestedAt = 0;
  /** What the consumer delivered; a hole in its count is a frame that was lost on the way. */
  #delivered = 0;
  #largest = 1;
  /** Why this reader is of no use any more. */
  #failure: string | undefined;
  #isClosed = false;
  readonly #changes: NextChange;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#changes = new NextChange(parts.clock);
  }

  async read(frames: number, bytes: number): Promise<readonly NatsFrame[]> {
    if (this.#subscription === undefined) await this.#open();
    const isBehind = this.#frames.length > 0;
    if (!isBehind) {
      this.#check();
      if (this.#expected <= 0) this.#request(frames, bytes);
      if (!this.#isClosed) await this.#changes.wait(READ_WAIT_MS);
    }
    if (this.#frames.length === 0) this.#check();
    const taken = this.#frames.splice(0, frames);
    // Who is behind gets the next ones while it works on these.
    if (isBehind || taken.length >= AHEAD_MIN) this.#request(frames, bytes);
    return taken;
  }

  close(): void {
    const { connection, manager, stream } = this.#parts;
    this.#isClosed = true;
    this.#changes.notify();
    if (connection.isClosed()) return;
    this.#subscription?.unsubscribe();
    if (this.#isOwn && this.#consumer !== '') manager.consumers.delete(stream, this.#consumer).catch(() => {});
  }

  /** Of any subject: those of its own have the stream and the consumer. True: it is one of them. */
  noteRefusal({ message, subject }: PermissionViolationError): boolean {
    const isOwn = `${subject}.`.includes(`.${this.#parts.stream}.${this.#consumer}.`);
    if (isOwn) this.#fail(message);
    return isOwn;
  }

  /** What came and was not read. */
  takeAll(): readonly NatsFrame[] {
    return this.#frames.splice(0);
  }

  get #isOwn(): boolean {
    return 'after' in this.#parts.from;
  }

  async #open(): Promise<void> {
    const { from } = this.#parts;
    this.#consumer = 'consumer' in from ? from.consumer : await this.#addConsumer(from.after);
    this.#subscription = this.#parts.connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
        else this.#fail(error.message);
      },
    });
    if (this.#isClosed) this.close();
  }

  async #addConsumer(after: number): Promise<string> {
    const { manager, stream } = this.#parts;
    const { name } = await manager.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: after + 1,
      replay_policy: ReplayPolicy.Instant,
      inactive_threshold: INACTIVE_MS * NANOS_PER_MS,
      mem_storage: true,
      num_replicas: 1,
    });
    return name;
  }

  #request(frames: number, bytes: number): void {
    const { connection, clock, stream } = this.#parts;
    if (this.#isClosed || connection.isClosed()) return;
    const wanted = Math.max(1, Math.min(frames, BATCH_MAX, Math.floor(bytes / this.#largest)));
    const expected = Math.max(0, this.#expected);
    const batch = wanted - expected - this.#frames.length;
    if (batch < wanted / 2) return;
    this.#expected = expected + batch;
    this.#requestedAt = clock.now();
    const request = JSON.stringify({ batch, expires: REQUEST_MS * NANOS_PER_MS });
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${this.#consumer}`, request, { reply: this.#inbox });
  }

  #take(message: Msg): void {
    const { data } = message;
    // The client decodes headers when they are asked for.
    const headers = data.length === 0 ? message.headers : undefined;
    if (headers !== undefined && headers.code > 0) this.#takeStatus(headers);
    else this.#takeFrame(message);
    this.#changes.notify();
  }

  /** 100 is a sign of life; 404 and 408 end a request that found no more, and say how many; anything else is the end of the consumer. */
  #takeStatus(headers: MsgHdrs): void {
    const { code, description } = headers;
    if (code === 100) return;
    this.#expected -= Number(headers.get('Nats-Pending-Messages')) || this.#expected;
    if (code !== 404 && code !== 408) this.#fail(`${code} ${description}`);
  }

  #takeFrame({ reply = '', data }: Msg): void {
    // $JS.ACK[.domain.account].stream.consumer.deliveries.sequence.delivered.nanoseconds.pending[.random]
    const tokens = reply.split('.');
    const first = tokens.length === 9 ? 5 : 7;
    const position = Number(tokens[first]);
    const delivered = Number(tokens[first + 1]);
    if (this.#isOwn && delivered !== this.#delivered + 1)
      this.#fail(`delivery ${delivered} came after ${this.#delivered}`);
    if (this.#failure !== undefined) return;
    this.#delivered = delivered;
    this.#expected -= 1;
    this.#largest = Math.max(this.#largest, data.length);
    const mark = { log: this.#parts.log, frame: tokens[first + 2] ?? '' };
    this.#frames.push({ position, bytes: data, mark, reply });
  }

  #fail(why: string): void {
    this.#failure ??= why;
    this.#changes.notify();
  }

  /** A request that was not answered in its time was lost, and the answer perhaps too. */
  #check(): void {
    const isLate = this.#expected > 0 && this.#parts.clock.now() - this.#requestedAt > REQUEST_MS + READ_WAIT_MS;
    if (isLate) this.#fail('a request for frames was not answered');
    if (this.#failure !== undefined) throw new Error(`the reader of ${this.#parts.stream} ended: ${this.#failure}`);
  }
}
