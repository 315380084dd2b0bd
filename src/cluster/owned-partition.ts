import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import type { OwnershipPort, StayEvent } from '../core/ownership-port.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { SourceOwner } from '../core/source-port.ts';
import type { Broker } from './broker.ts';
import { CellWatch } from './cell-watch.ts';
import type { ClusterAlert, ClusterSettings } from './cluster-options.ts';
import { Lease } from './lease.ts';
import { pause, within } from './patience.ts';
import { signOfGoingBack } from './positions.ts';
import { Stay } from './stay.ts';

/** A read that fails does so again within so long, unless nobody reads any more. */
const FAILS_AGAIN_MS = 20_000;

/** What all partitions of a source share. */
export interface PartitionParts {
  readonly name: string;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly member: string;
  readonly settings: ClusterSettings;
  readonly owner: SourceOwner;
  /** By the assignment, now. */
  readonly isOurs: (partition: number) => boolean;
  readonly isClosing: () => boolean;
  /** It is among those that are there, as far as anybody has seen. */
  readonly isMember: (member: string) => boolean;
  /** For people. */
  readonly nameOf: (member: string) => string;
  readonly alert: (alert: ClusterAlert) => void;
}

/** One partition as this member sees it: what the statechart of its ownership asks and orders. */
export class OwnedPartition implements OwnershipPort {
  readonly partition: number;
  readonly watch: CellWatch;
  readonly lease: Lease;
  readonly drainMs: number;
  readonly #parts: PartitionParts;
  #stay: Stay | undefined;
  /** The owner gave it back by itself, so it is not offered again until it has been somebody else's. */
  #isDeclined = false;
  #notify: (event: StayEvent) => void = () => {};
  /** Why it is halted; empty: it is not. */
  halted = '';
  #trimmed = 0;
  /** Why the broker does not let this member remove what is settled, so that the log grows until it is full. */
  #untrimmed: string | undefined;
  /** Frames after the checkpoint, as last measured. */
  lag: number | null = null;
  /** Why it could not be read, since when, and when it was tried last. */
  #trouble: { readonly text: string; readonly since: number; readonly at: number } | undefined;
  #noteAttempt: () => void = () => {};
  /** Resolves when it was handed over for the first time, or could not be. */
  readonly attempted: Promise<void> = new Promise((resolve) => {
    this.#noteAttempt = resolve;
  });
  #attempt: Promise<boolean> = Promise.resolve(false);

  constructor(parts: PartitionParts, partition: number) {
    const { broker, clock, settings, member, isMember } = parts;
    const { leaseMs, answerMs } = settings;
    this.#parts = parts;
    this.partition = partition;
    this.drainMs = settings.drainMs;
    this.watch = new CellWatch(broker.cells, `partition.${partition}`, clock, answerMs);
    this.lease = new Lease(this.watch, clock, {
      ...{ member, leaseMs, isMember },
      onLost: (wentBackFrom, why) => this.#lose(wentBackFrom, why),
      onKept: () => this.#stay?.wake(),
    });
  }

  get isWanted(): boolean {
    const isOurs = this.#parts.isOurs(this.partition);
    if (!isOurs) this.#isDeclined = false;
    return isOurs && !this.#isDeclined && !this.isClosing;
  }

  get isClosing(): boolean {
    return this.#parts.isClosing();
  }

  /** What is wrong with it: nothing has come of it for a lease; undefined: nothing is, or another member has it. */
  get trouble(): string | undefined {
    const now = this.#parts.clock.now();
    const { text, since = now, at = now } = this.#trouble ?? {};
    const isLasting = now - since >= this.#parts.settings.leaseMs && now - at < FAILS_AGAIN_MS;
    if (isLasting && (this.lease.isHeld || this.isWanted)) return `cannot be read: ${text}`;
    if (this.lease.trouble !== undefined) return `cannot be read: its lease cannot be renewed: ${this.lease.trouble}`;
    return this.lease.isHeld && this.#untrimmed !== undefined ? `cannot be trimmed: ${this.#untrimmed}` : undefined;
  }

  /** Undefined: it was read. */
  noteRead(error: unknown): void {
    const at = this.#parts.clock.now();
    const since = this.#trouble?.since ?? at;
    this.#trouble = error === undefined ? undefined : { text: errorText(error), since, at };
  }

  async measureLag(): Promise<void> {
    const { broker, clock, settings } = this.#parts;
    const last = await within(clock, settings.answerMs, broker.log.last(this.partition)).catch(() => null);
    this.lag = last === null ? null : Math.max(0, last - this.watch.cell.position);
  }

  async acquire(signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#parts;
    while (!signal.aborted) {
      let failure: unknown;
      this.#attempt = this.lease.acquire().catch((error) => {
        failure = error;
        return false;
      });
      if (await this.#attempt) return;
      // Undefined: another member has it.
      this.noteRead(failure);
      this.#noteAttempt();
      await pause(clock, settings.retryMs, signal);
    }
  }

  async findPosition(signal: AbortSignal): Promise<'found' | 'went-back'> {
    const { broker, clock, settings } = this.#parts;
    for (;;) {
      try {
        const ends = await within(clock, settings.answerMs, broker.log.ends(this.partition, this.watch.cell.position));
        this.halted = signOfGoingBack(this.watch.cell, ends) ?? '';
        this.noteRead(undefined);
        // It took long: somebody else may have it by now, and the next renewal finds out.
        if (this.lease.isValid || signal.aborted) return this.halted === '' ? 'found' : 'went-back';
      } catch (error) {
        this.noteRead(error);
        if (signal.aborted) return 'found';
      }
      await pause(clock, settings.retryMs, signal);
    }
  }

  keep(notify: (event: StayEvent) => void): () => void {
    const { clock, settings } = this.#parts;
    const over = new AbortController();
    this.#notify = notify;
    const renewForever = async (): Promise<void> => {
      for (let trimmedAt = clock.now(); !over.signal.aborted; ) {
        await pause(clock, settings.renewMs, over.signal);
        if (over.signal.aborted) return;
        this.lease.tick(settings.renewMs);
        if (clock.now() - trimmedAt < settings.trimEveryMs) continue;
        trimmedAt = clock.now();
        void this.#trim();
      }
    };
    void renewForever();
    return () => {
      this.#notify = () => {};
      over.abort();
    };
  }

  handOver(): void {
    const { broker, clock, settings, owner } = this.#parts;
    const stay = new Stay(
      {
        partition: this.partition,
        partitions: broker.partitions,
        log: broker.log,
        lease: this.lease,
        clock,
        answerMs: settings.answerMs,
        onRead: (error) => this.noteRead(error),
        onReleased: () => this.#notify({ type: 'stay.released' }),
        onWentBack: (why) => {
          this.halted = why;
          this.#notify({ type: 'log.wentBack' });
        },
      },
      this.watch.cell,
    );
    this.#stay = stay;
    this.#noteAttempt();
    owner.assigned(stay);
  }

  async drain(): Promise<void> {
    if (this.#stay !== undefined) await this.#parts.owner.revoke(this.#stay, this.drainMs);
  }

  endStay(): void {
    this.#stay?.end();
    this.#stay = undefined;
  }

  decline(): void {
    this.#isDeclined = true;
  }

  async release(): Promise<void> {
    const { leaseMs } = this.#parts.settings;
    await this.#attempt;
    this.halted = '';
    if ((await this.lease.write({ owner: null, marked: null }, leaseMs)) === 'unknown') this.lease.forget();
  }

  reportHalt(): void {
    this.#noteAttempt();
    const text = `partition ${this.partition} of ${this.#parts.name}: ${this.halted}`;
    this.#parts.alert({ kind: 'source-halted', partition: this.partition, text });
  }

  #lose(wentBackFrom: number | undefined, why: string): void {
    const { partition } = this;
    const { name, nameOf, alert } = this.#parts;
    const { owner, position } = this.watch.cell;
    const whom = owner === null ? 'a member that has given it back since' : nameOf(owner);
    const positions = `partition ${partition} was committed up to ${wentBackFrom}, and is up to ${position}`;
    const wentBack = `the broker lost what it had acknowledged: ${positions}; what it still has after that is read again`;
    const isTaken = wentBackFrom === undefined;
    const text = isTaken ? `partition ${partition} of ${name} was lost to ${whom}: ${why}` : wentBack;
    this.#stay?.end(text);
    this.#notify({ type: 'ownership.lost' });
    alert({ kind: isTaken ? 'source-lost' : 'source-went-back', partition, text });
  }

  /** An operator says what is settled. False: the partition is not halted here, or the broker did not keep it. */
  async choosePosition(position: number): Promise<boolean> {
    const { broker, clock, settings } = this.#parts;
    if (this.halted === '') return false;
    const { log, frame } = await within(clock, settings.answerMs, broker.log.ends(this.partition, position));
    const mark = { log, frame: frame ?? '' };
    const outcome = await this.lease.write({ position, mark, takeovers: 0, marked: null }, settings.answerMs);
    return outcome === 'kept';
  }

  async #trim(): Promise<void> {
    const { position } = this.watch.cell;
    if (position <= this.#trimmed || !this.lease.isValid) return;
    try {
      await this.#parts.broker.log.trim(this.partition, position);
      this.#trimmed = position;
      this.#untrimmed = undefined;
    } catch (error) {
      // Otherwise the next time is soon enough.
      if (error instanceof SluiceError && error.code === 'refused') this.#untrimmed = errorText(error);
    }
  }
}
