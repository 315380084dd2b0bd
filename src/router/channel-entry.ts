import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ChannelMetrics } from '../channel/channel-metrics.ts';
import { madeBy } from '../channel/channel-source.ts';
import { handOver } from '../channel/hand-over.ts';
import type { Inbox } from '../channel/inbox.ts';
import type { LaneOwner } from '../channel/lane-owner.ts';
import { MessageKeys } from '../channel/message-keys.ts';
import { Partition } from '../channel/partition.ts';
import type { ChannelView } from '../channel/partition-view.ts';
import { type AnyChannel, bindChannel, type ChannelFactory } from '../channel/processing-channel.ts';
import type { Services } from '../channel/services.ts';
import { validatorOf } from '../channel/validator.ts';
import type { WaitingOffers } from '../channel/waiting-offers.ts';
import { checkEventRules } from '../config/event-rules.ts';
import { configError } from '../config/layers.ts';
import type { ChannelConfig } from '../config/schema.ts';
import type { Breaker } from '../core/breaker.ts';
import type { BreakerChange, Caller } from '../core/breaker-change.ts';
import { Counter } from '../core/counters.ts';
import { Histogram } from '../core/histogram.ts';
import type { Origin } from '../core/origin.ts';
import type { Outcome } from '../core/outcome.ts';
import { createPartitioning, type Partitioning } from '../core/partitioning.ts';
import { Share, weightOf } from '../core/share.ts';
import type { ChannelReport } from '../report/drain-report.ts';
import { channelMetrics } from '../report/metrics.ts';

/** What a channel is made of. `spare`: an instance that was made to read its rules; the first start uses it up. */
export type ChannelParts = Pick<ChannelEntry, 'config' | 'factory' | 'services' | 'breaker' | 'spare'>;

/** The partition of a message. */
export interface Place {
  readonly inbox: Inbox;
  readonly offers: WaitingOffers;
  /** Undefined: it was not read. */
  readonly key: string | undefined;
}

/** One channel of a router: its name, its configuration and its partitions. */
export class ChannelEntry implements LaneOwner, ChannelView {
  readonly name: string;
  readonly partitions: readonly Partition[];
  readonly processing: Histogram;
  readonly queueing: Histogram;
  readonly share: Share;
  readonly breaker: Breaker | undefined;
  readonly keys: MessageKeys;
  readonly factory: ChannelFactory;
  readonly services: Services;
  /** Undefined: it has one partition. */
  private readonly partitioning: Partitioning<Partition> | undefined;
  /** Of the only partition, which spares the key. */
  private readonly only: Inbox | undefined;
  /** The configuration in force. */
  config: ChannelConfig;
  spare: AnyChannel | undefined;
  /** What its class checks `eventRules` by. */
  rules: StandardSchemaV1 | undefined;
  /** It is being taken out: settles when it is gone. */
  removing: Promise<ChannelReport> | undefined;
  /** An operator takes it out and gets its report, so that of `stop` leaves it out: a message is handed back once. */
  isRemovedByHand = false;
  private isTakenOut = false;
  /** Messages that the first partition counts and that a channel before a reload took in. */
  inherited = 0;

  /** `predecessor`: the same channel before a reload; its measurements go on. */
  constructor({ config, factory, services, breaker, spare }: ChannelParts, predecessor?: ChannelEntry) {
    this.factory = factory;
    this.services = services;
    this.name = config.name;
    this.config = config;
    this.spare = spare;
    this.rules = rulesOf(spare) ?? predecessor?.rules;
    this.breaker = breaker;
    this.processing = predecessor?.processing ?? new Histogram();
    this.queueing = predecessor?.queueing ?? new Histogram();
    this.share = predecessor?.share ?? new Share(weightOf(config));
    this.share.reweigh(weightOf(config));
    const { partitionBy, partitions } = config;
    this.keys = new MessageKeys(config, services, predecessor?.keys);
    const several = partitions > 1;
    this.partitions = Array.from({ length: partitions }, (_, n) => new Partition(this, several ? n : undefined));
    this.only = several ? undefined : this.partitions[0]?.inbox;
    const isByKey = partitionBy !== 'round-robin' && partitionBy !== 'least-loaded';
    this.partitioning = several ? createPartitioning(this.partitions, isByKey ? 'key' : partitionBy) : undefined;
    breaker?.join(this);
  }

  keyOf(message: unknown): string {
    const isRequired = this.config.overflow === 'conflate' && !this.keys.choosePartition;
    return isRequired ? this.keys.require(message) : this.keys.read(message);
  }

  get metrics(): ChannelMetrics {
    return channelMetrics(this);
  }

  /** Its partitions, as callers of a breaker. */
  get callers(): readonly Caller[] {
    return this.partitions.flatMap(({ lane }) => lane.breaker ?? []);
  }

  /** A reload takes it out, and nobody gets a report: what it does not deliver is kept, in case that it comes back. */
  get isKept(): boolean {
    return this.isTakenOut && !this.isRemovedByHand;
  }

  /** Takes it out; a second order waits for the same end. */
  remove(isByHand: boolean, takeOut: () => Promise<ChannelReport>): Promise<ChannelReport> {
    this.isRemovedByHand ||= isByHand;
    this.isTakenOut ||= !isByHand;
    this.removing ??= takeOut();
    return this.removing;
  }

  /** Takes a message in, or says why not. `isPayload`: it was validated before. `known`: its key, if that was read already. */
  accept(message: unknown, isPayload?: boolean, known?: string, origin?: Origin): Outcome {
    if (this.only !== undefined) return this.only.accept(message, isPayload, known, origin);
    // Its key is read once, from the message as it came.
    const key = known ?? this.keyFor(message, isPayload !== true);
    return this.partitionFor(key).inbox.accept(message, isPayload, key, origin);
  }

  /** Takes a message in that needs nothing but room. False: it needs more, and is to be offered. */
  takesPlain(message: unknown, origin: Origin): boolean {
    return this.only?.acceptFrom(message, origin) === true;
  }

  /** Takes messages in from one on while they need nothing but room. Returns the next one, which is to be routed. */
  acceptRun(messages: readonly unknown[], from: number, to: number): number {
    return this.only?.acceptRun(messages, from, to) ?? from;
  }

  /** As `accept`, but waits for room. */
  offer(message: unknown, signal?: AbortSignal, origin?: Origin): Outcome | Promise<Outcome> {
    const { key, offers } = this.placeOf(message);
    return offers.offer(message, signal, key, origin);
  }

  /** Where a message goes, where offers of it wait, and its key, if that says where. */
  placeOf(message: unknown): Place {
    const key = this.keyFor(message, true);
    const { inbox } = this.partitionFor(key);
    return { inbox, offers: inbox.offers, key };
  }

  /** The instance of one life and how it checks messages; or what its constructor throws, or each mistake in its rules. */
  makeInstance(partition: Partition) {
    try {
      const instance = this.spare ?? madeBy(this.factory);
      this.spare = undefined;
      this.checkRules(instance);
      bindChannel(instance, partition);
      return { instance, validate: validatorOf(instance) };
    } catch (error) {
      return { error };
    }
  }

  /** Takes over new limits, those of class `live` and `next-batch`: they hold from the next batch. */
  reconfigure(config: ChannelConfig): void {
    this.config = config;
    this.share.reweigh(weightOf(config));
    if (this.breaker !== undefined && config.breaker !== false) this.breaker.reconfigure(config.breaker);
    for (const partition of this.partitions) partition.reconfigure(config);
  }

  /** Goes on where the same channel stopped before a reload. */
  takeOver(before: ChannelEntry): void {
    const [first] = before.partitions;
    if (first === undefined) return;
    for (const partition of this.partitions) partition.pause(first.isHeld);
    const all = ({ partitions }: ChannelEntry) => partitions.map(({ lane }) => lane);
    const needsKeys = this.keys.choosePartition || this.config.overflow === 'conflate';
    handOver(all(before), {
      all: all(this),
      keyOf: (message) => (needsKeys ? this.keys.read(message) : undefined),
      laneOf: (key) => this.partitionFor(key).lane,
    });
    this.inherited = this.partitions[0]?.lane.counters[Counter.accepted] ?? 0;
  }

  sinkRests(until: number): void {
    for (const { lane } of this.partitions) lane.recovery.rest(until);
  }

  coolDownShortened(): void {
    for (const partition of this.partitions) partition.send({ type: 'wait.shortened' });
  }

  breakerChanged({ to, cause, rates }: BreakerChange): void {
    const { bus } = this.services;
    if (to === 'half-open') return;
    const coolDownMs = this.breaker?.coolDownLeftMs() ?? 0;
    bus.changes.within(() => {
      if (to === 'open') bus.publish('breaker.opened', { channel: this.name, cause, rates, coolDownMs });
      else bus.publish('breaker.closed', { channel: this.name, cause });
      for (const partition of this.partitions)
        partition.send({ type: `breaker.${to === 'open' ? 'opened' : 'closed'}` });
    });
  }

  private partitionFor(key = ''): Partition {
    return this.partitioning?.(key) ?? (this.partitions[0] as Partition);
  }

  /** The key that chooses the partition; undefined: none does. What the schema made may show no key any more. */
  private keyFor(message: unknown, isRaw: boolean): string | undefined {
    if (!this.keys.choosePartition) return undefined;
    return isRaw ? this.keys.require(message) : this.keys.read(message);
  }

  /** A class whose constructor threw when the router was made shows its rules only now. */
  private checkRules(instance: AnyChannel): void {
    const schema = rulesOf(instance);
    if (schema === undefined || schema === this.rules) return;
    const { name } = this;
    const { rules, findings } = checkEventRules({ [name]: this.config }, new Map([[name, schema]]));
    if (findings.length > 0) throw configError([], findings);
    this.reconfigure(Object.freeze({ ...this.config, eventRules: Object.freeze(rules.get(name) ?? {}) }));
    // From now on a reload checks by them, too.
    this.rules = schema;
  }
}

/** The schema a channel class checks its `eventRules` by. */
export function rulesOf(channel: AnyChannel | undefined): StandardSchemaV1 | undefined {
  // `static rules` belongs to the class of the instance, which only its constructor knows.
  return (channel?.constructor as { readonly rules?: StandardSchemaV1 } | undefined)?.rules;
}
