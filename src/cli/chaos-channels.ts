import { factoryOf } from '../channel/channel-source.ts';
import type { AnyChannel, BatchContext } from '../channel/processing-channel.ts';
import { validatorOf } from '../channel/validator.ts';
import type { Clock } from '../core/clock.ts';
import type { ChannelSources } from '../index.ts';
import type { CallFault, Fault } from './chaos-plan.ts';
import { ChaosError, type ChaosRecord } from './chaos-record.ts';

/** A slow call is over in time, a hung one only after it was abandoned: what it then says is late. */
const SLOW_MS = 12;
const HANG_MS = 150;
const OUTAGE_MS_MIN = 20;
const OUTAGE_MS_MAX = 120;
/** As many as a message has attempts, so that some get over it and some do not. */
const TIMES_MAX = 3;

/** A fault that waits in a message for its call. */
interface Mark {
  readonly kind: CallFault;
  readonly severity: number;
  timesLeft: number;
  hasStruck: boolean;
}

/** The faults of one channel. They outlive its restarts, as a bad message and a bad sink do. */
export class ChannelFaults {
  readonly #channel: string;
  readonly #record: ChaosRecord;
  readonly #clock: Clock;
  /** What came through the door and was neither delivered nor given up yet, with what is wrong with it. */
  readonly #open = new Map<unknown, Mark | undefined>();
  readonly #armed: Fault<CallFault>[] = [];
  #downUntil = 0;
  #warmUpsLeft = 0;

  constructor(channel: string, record: ChaosRecord, clock: Clock) {
    this.#channel = channel;
    this.#record = record;
    this.#clock = clock;
  }

  /** Messages that came through the door and whose end nobody has told. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Lets the next message bring this fault. */
  arm(fault: Fault<CallFault>): void {
    this.#armed.push(fault);
  }

  /** Lets the next warm-up fail. */
  armWarmUp(): void {
    this.#warmUpsLeft += 1;
  }

  /** The message was given up. */
  close(message: unknown): void {
    this.#open.delete(message);
  }

  /** Puts the faults between the router and an instance of the channel. */
  disturb(channel: AnyChannel): AnyChannel {
    const validate = validatorOf(channel);
    const process = channel.process.bind(channel);
    const warmUp = channel.warmUp?.bind(channel);
    channel.validate = (message) => this.#admit(validate === undefined ? message : validate(message));
    channel.process = (batch, context) => this.#call(batch, context, () => process(batch, context));
    channel.warmUp = (context) => {
      if (this.#warmUpsLeft === 0) return warmUp?.(context);
      this.#warmUpsLeft -= 1;
      throw new ChaosError('warm-up');
    };
    return channel;
  }

  #admit(payload: unknown): unknown {
    const fault = this.#armed.shift();
    this.#open.set(payload, fault && { ...fault, timesLeft: timesOf(fault), hasStruck: false });
    return payload;
  }

  #call(batch: readonly unknown[], context: BatchContext, deliver: () => void | Promise<void>): void | Promise<void> {
    const marks = batch.map((message) => this.#open.get(message)).filter((mark) => mark !== undefined);
    for (const mark of marks) this.#note(mark);
    if (this.#clock.now() < this.#downUntil) throw new ChaosError('outage');
    const left = marks.filter(({ timesLeft }) => timesLeft > 0);
    // One fault fails the whole batch; the others in it wait for the next attempt.
    const failing = left.find(({ kind }) => !isLenient(kind));
    if (failing !== undefined) return this.#fail(failing);
    const finish = () => this.#finish(batch, context, deliver);
    const delaying = left.filter(({ kind }) => kind !== 'name');
    for (const mark of delaying) mark.timesLeft = 0;
    if (delaying.length === 0) return finish();
    const ms = delaying.some(({ kind }) => kind === 'hang') ? HANG_MS : SLOW_MS;
    return new Promise<void>((resolve) => {
      this.#clock.setTimeout(resolve, ms);
    }).then(finish);
  }

  #fail(mark: Mark): Promise<void> {
    mark.timesLeft -= 1;
    const outageMs = OUTAGE_MS_MIN + mark.severity * (OUTAGE_MS_MAX - OUTAGE_MS_MIN);
    if (mark.kind === 'outage') this.#downUntil = this.#clock.now() + outageMs;
    if (mark.kind === 'reject') return Promise.reject(new ChaosError('reject'));
    throw new ChaosError(mark.kind);
  }

  #finish(batch: readonly unknown[], context: BatchContext, deliver: () => void | Promise<void>): void | Promise<void> {
    for (const [index, message] of batch.entries()) {
      const mark = this.#open.get(message);
      if (mark?.kind === 'name' && mark.timesLeft > 0) {
        mark.timesLeft -= 1;
        context.fail(index, new ChaosError('name'));
      } else this.#open.delete(message);
    }
    return deliver();
  }

  /** Counted when its message first comes to `process`: later, an outage may have ended it, which is a matter of time. */
  #note(mark: Mark): void {
    if (!mark.hasStruck) this.#record.struck(mark.kind, this.#channel);
    mark.hasStruck = true;
  }
}

/** The same factories, whose channels have these faults. */
export function disturbed<Channels extends ChannelSources>(
  channels: Channels,
  faults: ReadonlyMap<string, ChannelFaults>,
): Channels {
  const entries = Object.entries(channels).map(([name, source]) => {
    const make = factoryOf(source);
    return [name, () => faults.get(name)?.disturb(make()) ?? make()];
  });
  // The instances are those of the same factories.
  return Object.fromEntries(entries) as Channels;
}

/** The call goes on all the same. */
function isLenient(kind: CallFault): boolean {
  return kind === 'name' || kind === 'slow' || kind === 'hang';
}

function timesOf({ kind, severity }: Fault<CallFault>): number {
  if (kind === 'poison' || kind === 'refuse') return Number.POSITIVE_INFINITY;
  return kind === 'throw' || kind === 'reject' || kind === 'name' ? Math.ceil(severity * TIMES_MAX) || 1 : 1;
}
