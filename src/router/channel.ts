import type { StandardSchemaV1 } from '@standard-schema/spec';
import { handOver } from '../channel/hand-over.ts';
import type { AnyChannel, ChannelFactory } from '../channel/processing-channel.ts';
import { Slot } from '../channel/slot.ts';
import type { World } from '../channel/world.ts';
import { checkRulesOf } from '../config/event-rules.ts';
import type { ChannelConfig } from '../config/schema.ts';
import type { Breaker } from '../core/breaker.ts';
import type { BreakerChange, BreakerUser } from '../core/breaker-change.ts';
import { Histogram } from '../core/histogram.ts';
import type { Outcome } from '../core/outcome.ts';
import { createPartitioning, type Partitioning } from '../core/partitioning.ts';
import { keyReader } from '../core/symbol.ts';
import type { ChannelReport } from '../report/drain-report.ts';
import type { ChannelMetrics } from '../report/metrics.ts';
import { channelMetrics } from '../report/snapshot.ts';
import { Member } from './member.ts';
import { rulesOf } from './plan.ts';

/** What a channel is made of. */
export interface ChannelParts {
  /** The one in force. */
  config: ChannelConfig;
  readonly factory: ChannelFactory;
  readonly world: World;
  /** Undefined: it has none. */
  readonly breaker: Breaker | undefined;
  /** Made ahead of the first start, to read its rules; the first start uses it up. */
  instance: AnyChannel | undefined;
  /** What its class checks `eventRules` by. */
  rules: StandardSchemaV1 | undefined;
}

/** One channel of a router: its name, its configuration and its partitions. */
export class Channel implements BreakerUser {
  readonly name: string;
  readonly members: readonly Member[];
  readonly parts: ChannelParts;
  readonly processing: Histogram;
  readonly queueing: Histogram;
  /** The slots, if there are several, and else the only one. */
  private readonly partitioning: Partitioning<Slot> | undefined;
  private readonly only: Slot | undefined;
  /** Undefined: its partitions take turns, whatever the key. */
  private readonly keyOf: ((message: unknown) => string) | undefined;
  /** Set once it is being taken out: whoever asks again waits for the same end. */
  removal: Promise<void> | undefined;
  /** What an operator who takes it out is told: each message is handed back in one report. */
  report: Promise<ChannelReport> | undefined;

  /** `predecessor`: the same channel before a reload; its measurements go on. */
  constructor(parts: ChannelParts, predecessor?: Channel) {
    const { config, world, breaker } = parts;
    this.name = config.name;
    this.parts = parts;
    this.processing = predecessor?.processing ?? new Histogram();
    this.queueing = predecessor?.queueing ?? new Histogram();
    const { partitionBy, partitions } = config;
    const isKey = partitionBy !== 'round-robin' && partitionBy !== 'least-loaded';
    const keyOf = keyReader(isKey ? partitionBy : 'sym', (error) => world.bus.fault('key', error, config.name));
    this.keyOf = isKey ? keyOf : undefined;
    const shared = { keyOf, breaker, processing: this.processing, queueing: this.queueing };
    this.members = Array.from({ length: partitions }, (_, index) => {
      const id = partitions === 1 ? config.name : `${config.name}/${index}`;
      return new Member(this, new Slot(id, config, world, shared));
    });
    const { callers } = this;
    if (callers.length === 1) this.only = callers[0];
    else this.partitioning = createPartitioning(callers, isKey ? 'key' : partitionBy);
    breaker?.join(this);
  }

  get config(): ChannelConfig {
    return this.parts.config;
  }

  /** Who calls the sink: its slots. */
  get callers(): readonly Slot[] {
    return this.members.map(({ slot }) => slot);
  }

  get breaker(): Breaker | undefined {
    return this.parts.breaker;
  }

  /** Takes a message in, or says why not. Its key is read once, from the message as it came. */
  accept(message: unknown, isRaw = true): Outcome {
    if (this.only !== undefined) return this.only.accept(message, isRaw);
    const key = this.keyOf?.(message);
    return this.slotFor(message, key).accept(message, isRaw, key);
  }

  /** As `accept`, but waits for room. */
  offer(message: unknown, signal?: AbortSignal): Outcome | Promise<Outcome> {
    const key = this.only === undefined ? this.keyOf?.(message) : undefined;
    return this.slotFor(message, key).offer(message, signal, key);
  }

  /** The slot that serves a message; its key is read unless it is known. */
  private slotFor(message: unknown, key?: string): Slot {
    // One of the two is there.
    return this.only ?? (this.partitioning as Partitioning<Slot>).pick(key ?? this.keyOf?.(message) ?? '');
  }

  /** A class whose constructor threw when the router was made shows its rules only now. Throws every mistake. */
  checkRulesOf(instance: AnyChannel): void {
    const schema = rulesOf(instance);
    if (schema === undefined || schema === this.parts.rules) return;
    const eventRules = checkRulesOf(this.name, schema, this.config.eventRules);
    for (const { slot } of this.members) slot.config = { ...slot.config, eventRules };
    // From now on a reload checks by them, too.
    this.parts.rules = schema;
  }

  metrics(): ChannelMetrics {
    return channelMetrics(this);
  }

  /** Takes over new limits, those of class `live` and `next-batch`: they hold from the next batch. */
  reconfigure(config: ChannelConfig): void {
    this.parts.config = config;
    if (this.breaker !== undefined && config.breaker !== false) this.breaker.limits = config.breaker;
    for (const member of this.members) {
      member.slot.reconfigure(config);
      member.send({ type: 'channel.reconfigured' });
    }
  }

  /** Goes on where the same channel stopped before a reload. */
  takeOver(before: Channel): void {
    const [first] = this.callers;
    const [last] = before.callers;
    if (first === undefined || last === undefined) return;
    for (const slot of this.callers) {
      slot.isOpen = last.isOpen;
      slot.isPaused = last.isPaused;
      slot.validate = last.validate;
      slot.retryAt = Math.max(...before.callers.map(({ retryAt }) => retryAt));
      slot.askedUntil = Math.max(...before.callers.map(({ askedUntil }) => askedUntil));
    }
    handOver(before.callers, (message, key) => this.slotFor(message, key), first);
  }

  /** It is gone: a shared breaker must not keep it. */
  dispose(): void {
    this.breaker?.leave(this);
  }

  breakerChanged({ to, cause, rates }: BreakerChange): void {
    const { bus } = this.parts.world;
    if (to === 'half-open') return;
    const coolDownMs = this.breaker?.coolDownLeftMs() ?? 0;
    if (to === 'open') bus.publish('breaker.opened', { channel: this.name, cause, rates, coolDownMs });
    else bus.publish('breaker.closed', { channel: this.name, cause });
    for (const member of this.members) member.send({ type: to === 'open' ? 'breaker.opened' : 'breaker.closed' });
  }
}
