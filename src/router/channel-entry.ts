import type { StandardSchemaV1 } from '@standard-schema/spec';
import { handOver } from '../channel/hand-over.ts';
import type { Inbox } from '../channel/inbox.ts';
import { Partition } from '../channel/partition.ts';
import type { ChannelView } from '../channel/partition-view.ts';
import { type AnyChannel, bindChannel, type ChannelFactory } from '../channel/processing-channel.ts';
import type { Services } from '../channel/services.ts';
import { checkEventRules } from '../config/event-rules.ts';
import type { ChannelConfig } from '../config/schema.ts';
import type { Breaker } from '../core/breaker.ts';
import type { BreakerChange, BreakerUser, Caller } from '../core/breaker-change.ts';
import { Histogram } from '../core/histogram.ts';
import type { Origin } from '../core/origin.ts';
import type { Outcome } from '../core/outcome.ts';
import { createPartitioning, type Partitioning } from '../core/partitioning.ts';
import { keyReader } from '../core/symbol.ts';
import type { ChannelReport } from '../report/drain-report.ts';
import { channelMetrics } from '../report/metrics.ts';

/** What a channel is made of. */
export interface ChannelEntryOptions {
  readonly config: ChannelConfig;
  readonly factory: ChannelFactory;
  readonly services: Services;
  /** Undefined: it has none. */
  readonly breaker: Breaker | undefined;
  /** Made ahead of the first start, to read its rules; the first start uses it up. */
  readonly instance: AnyChannel | undefined;
}

/** The partition of a message. */
export interface Place {
  readonly inbox: Inbox;
  /** Undefined: it was not read. */
  readonly key: string | undefined;
}

/** One channel of a router: its name, its configuration and its partitions. */
export class ChannelEntry implements BreakerUser, ChannelView {
  readonly name: string;
  readonly partitions: readonly Partition[];
  readonly processing: Histogram;
  readonly queueing: Histogram;
  readonly breaker: Breaker | undefined;
  readonly callers: readonly Caller[];
  private readonly options: ChannelEntryOptions;
  private readonly partitioning: Partitioning<Partition>;
  /** Of the only partition, which spares the key. */
  private readonly only: Inbox | undefined;
  /** Undefined: the partition does not depend on the key. */
  private readonly keyOf: ((message: unknown) => string) | undefined;
  private inForce: ChannelConfig;
  private spare: AnyChannel | undefined;
  private checkedBy: StandardSchemaV1 | undefined;
  private removal: Promise<ChannelReport> | undefined;
  private isReported = false;

  /** `predecessor`: the same channel before a reload; its measurements go on. */
  constructor(options: ChannelEntryOptions, predecessor?: ChannelEntry) {
    const { config, services, breaker } = options;
    this.options = options;
    this.name = config.name;
    this.inForce = config;
    this.spare = options.instance;
    this.checkedBy = rulesOf(options.instance) ?? predecessor?.rules;
    this.breaker = breaker;
    this.processing = predecessor?.processing ?? new Histogram();
    this.queueing = predecessor?.queueing ?? new Histogram();
    const { partitionBy, partitions } = config;
    const isKey = partitionBy !== 'round-robin' && partitionBy !== 'least-loaded';
    const keyOf = keyReader(isKey ? partitionBy : 'sym', (error) => services.bus.fault('key', error, config.name));
    this.keyOf = isKey ? keyOf : undefined;
    const shared = { config, services, breaker, keyOf, processing: this.processing, queueing: this.queueing };
    this.partitions = Array.from({ length: partitions }, (_, index) => {
      return new Partition({ ...shared, id: partitions === 1 ? config.name : `${config.name}/${index}` });
    });
    if (partitions === 1) this.only = this.partitions[0]?.inbox;
    this.partitioning = createPartitioning(this.partitions, isKey ? 'key' : partitionBy);
    this.callers = this.partitions.flatMap(({ lane }) => lane.breaker ?? []);
    breaker?.join(this);
  }

  /** The configuration in force. */
  get config(): ChannelConfig {
    return this.inForce;
  }

  /** What its class checks `eventRules` by. */
  get rules(): StandardSchemaV1 | undefined {
    return this.checkedBy;
  }

  /** It is being taken out: settles when it is gone. */
  get removing(): Promise<ChannelReport> | undefined {
    return this.removal;
  }

  /** An operator takes it out and gets its report, so that of `stop` leaves it out: a message is handed back once. */
  get isRemovedByHand(): boolean {
    return this.isReported;
  }

  /** Takes it out; a second order waits for the same end. */
  remove(isByHand: boolean, takeOut: () => Promise<ChannelReport>): Promise<ChannelReport> {
    this.isReported ||= isByHand;
    this.removal ??= takeOut();
    return this.removal;
  }

  /** Takes a message in, or says why not. `isPayload`: it was validated before. */
  accept(message: unknown, isPayload?: boolean): Outcome {
    return this.only === undefined ? this.acceptByKey(message, isPayload) : this.only.accept(message, isPayload);
  }

  /** Its key is read once, from the message as it came. */
  private acceptByKey(message: unknown, isPayload: boolean | undefined): Outcome {
    const key = this.keyOf?.(message);
    return this.partitioning(key ?? '').inbox.accept(message, isPayload, key);
  }

  /** As `accept`, but waits for room. */
  offer(message: unknown, signal?: AbortSignal, origin?: Origin): Outcome | Promise<Outcome> {
    const { inbox, key } = this.placeOf(message);
    return inbox.offer(message, signal, key, origin);
  }

  /** Where a message goes, and its key, if that says where. */
  placeOf(message: unknown): Place {
    const key = this.only === undefined ? this.keyOf?.(message) : undefined;
    return { inbox: this.partitioning(key ?? '').inbox, key };
  }

  /** Makes the instance of one life. Throws what its constructor throws, and every mistake in its rules. */
  makeInstance(partition: Partition): AnyChannel {
    const instance = this.spare ?? this.options.factory();
    this.spare = undefined;
    this.checkRules(instance);
    bindChannel(instance, {
      config: () => this.config,
      queue: () => partition.inbox,
      batch: () => partition.batch,
      lastBatchAt: () => partition.lane.times.startedAt,
      metrics: () => channelMetrics(this),
    });
    return instance;
  }

  /** Takes over new limits, those of class `live` and `next-batch`: they hold from the next batch. */
  reconfigure(config: ChannelConfig): void {
    this.inForce = config;
    if (this.breaker !== undefined && config.breaker !== false) this.breaker.limits = config.breaker;
    for (const partition of this.partitions) partition.reconfigure(config);
  }

  /** Goes on where the same channel stopped before a reload. */
  takeOver(before: ChannelEntry): void {
    const [first] = before.partitions;
    if (first === undefined) return;
    for (const partition of this.partitions) partition.takeOver(first);
    const lanesOf = ({ partitions }: ChannelEntry) => partitions.map(({ lane }) => lane);
    handOver(lanesOf(before), lanesOf(this), (message, key) => {
      return this.partitioning(key ?? this.keyOf?.(message) ?? '').lane;
    });
  }

  /** It is gone: a shared breaker must not keep it. */
  dispose(): void {
    this.breaker?.leave(this);
  }

  breakerChanged({ to, cause, rates }: BreakerChange): void {
    const { bus } = this.options.services;
    if (to === 'half-open') return;
    const coolDownMs = this.breaker?.coolDownLeftMs() ?? 0;
    if (to === 'open') bus.publish('breaker.opened', { channel: this.name, cause, rates, coolDownMs });
    else bus.publish('breaker.closed', { channel: this.name, cause });
    for (const partition of this.partitions) {
      partition.send({ type: to === 'open' ? 'breaker.opened' : 'breaker.closed' });
    }
  }

  /** A class whose constructor threw when the router was made shows its rules only now. */
  private checkRules(instance: AnyChannel): void {
    const schema = rulesOf(instance);
    if (schema === undefined || schema === this.checkedBy) return;
    const { name } = this;
    const { channels } = checkEventRules({ channels: { [name]: this.config } }, new Map([[name, schema]]));
    if (channels[name] !== undefined) this.reconfigure(channels[name]);
    // From now on a reload checks by them, too.
    this.checkedBy = schema;
  }
}

/** The schema a channel class checks its `eventRules` by. */
export function rulesOf(channel: AnyChannel | undefined): StandardSchemaV1 | undefined {
  // `static rules` belongs to the class of the instance, which only its constructor knows.
  return (channel?.constructor as { readonly rules?: StandardSchemaV1 } | undefined)?.rules;
}
