import type { StandardSchemaV1 } from '@standard-schema/spec';
import { handOver } from '../channel/hand-over.ts';
import type { AnyChannel, ChannelFactory } from '../channel/processing-channel.ts';
import { Slot } from '../channel/slot.ts';
import type { World } from '../channel/world.ts';
import { checkRulesOf } from '../config/event-rules.ts';
import { rulesOf } from '../config/plan.ts';
import type { ChannelConfig } from '../config/schema.ts';
import type { Breaker, BreakerChange } from '../core/breaker.ts';
import { Histogram } from '../core/histogram.ts';
import { createPartitioning, type Partitioning } from '../core/partitioning.ts';
import { keyReader } from '../core/symbol.ts';
import type { ChannelReport } from '../observe/drain-report.ts';
import type { ChannelMetrics, MetricsOptions } from '../observe/metrics.ts';
import { channelMetrics } from '../observe/snapshot.ts';
import { Member } from './member.ts';

/** What a channel is made of. */
export interface ChannelParts {
  readonly config: ChannelConfig;
  readonly factory: ChannelFactory;
  readonly world: World;
  /** Undefined: it has none. */
  readonly breaker: Breaker | undefined;
  /** Made ahead of the first start, to read its rules; the first start uses it up. */
  readonly instance: AnyChannel | undefined;
  /** What its class checks `eventRules` by. */
  rules: StandardSchemaV1 | undefined;
}

/** One channel of a router: its name, its configuration and its partitions. */
export class Channel {
  readonly name: string;
  readonly members: readonly Member[];
  readonly parts: ChannelParts;
  readonly processing: Histogram;
  readonly queueing: Histogram;
  #config: ChannelConfig;
  readonly #partitioning: Partitioning<Slot>;
  /** The only slot of a channel that is not partitioned. */
  readonly #only: Slot | undefined;
  #instance: AnyChannel | undefined;
  readonly #unsubscribe: (() => void) | undefined;
  /** Set once it is being taken out: whoever asks again waits for the same end. */
  removal: Promise<void> | undefined;
  /** What an operator who takes it out is told: each message is handed back in one report. */
  report: Promise<ChannelReport> | undefined;

  /** `predecessor`: the same channel before a reload; its measurements go on. */
  constructor(parts: ChannelParts, predecessor?: Channel) {
    const { config, factory, world, breaker } = parts;
    this.name = config.name;
    this.parts = parts;
    this.#config = config;
    this.#instance = parts.instance;
    this.processing = predecessor?.processing ?? new Histogram();
    this.queueing = predecessor?.queueing ?? new Histogram();
    const { partitionBy, partitions } = config;
    const isKey = partitionBy !== 'round-robin' && partitionBy !== 'least-loaded';
    const keyOf = keyReader(isKey ? partitionBy : 'sym', (error) => world.bus.fault('key', error, config.name));
    const shared = { keyOf, breaker, processing: this.processing, queueing: this.queueing };
    this.members = Array.from({ length: partitions }, (_, index) => {
      const id = partitions === 1 ? config.name : `${config.name}/${index}`;
      return new Member(this, new Slot(id, config, world, shared), factory);
    });
    const slots = this.members.map((member) => member.slot);
    this.#only = slots.length === 1 ? slots[0] : undefined;
    this.#partitioning = createPartitioning(slots, isKey ? keyOf : partitionBy);
    this.#unsubscribe = breaker?.join(slots, (change) => this.#breakerChanged(change));
  }

  get config(): ChannelConfig {
    return this.#config;
  }

  get breaker(): Breaker | undefined {
    return this.parts.breaker;
  }

  /** The slot that serves a message. */
  slotFor(message: unknown): Slot {
    return this.#only ?? this.#partitioning.pick(message);
  }

  /** The instance made ahead of the first start; undefined: it was used up. */
  takeInstance(): AnyChannel | undefined {
    const instance = this.#instance;
    this.#instance = undefined;
    return instance;
  }

  /** A class whose constructor threw when the router was made shows its rules only now. Throws every mistake. */
  checkRulesOf(instance: AnyChannel): void {
    const schema = rulesOf(instance);
    if (schema === undefined || schema === this.parts.rules) return;
    const eventRules = checkRulesOf(this.name, schema, this.#config.eventRules);
    for (const { slot } of this.members) slot.config = { ...slot.config, eventRules };
    // From now on a reload checks by them, too.
    this.parts.rules = schema;
  }

  metrics(options?: MetricsOptions): ChannelMetrics {
    return channelMetrics(this, options);
  }

  /** Takes over new limits, those of class `live` and `next-batch`: they hold from the next batch. */
  reconfigure(config: ChannelConfig): void {
    this.#config = config;
    if (this.breaker !== undefined && config.breaker !== false) this.breaker.limits = config.breaker;
    for (const member of this.members) {
      member.slot.reconfigure(config);
      member.send({ type: 'channel.reconfigured' });
    }
  }

  /** Goes on where the same channel stopped before a reload. */
  takeOver(before: Channel): void {
    const [first] = this.members;
    const [last] = before.members;
    if (first === undefined || last === undefined) return;
    const slots = before.members.map((member) => member.slot);
    for (const { slot } of this.members) {
      slot.isOpen = last.slot.isOpen;
      slot.isPaused = last.slot.isPaused;
      slot.validate = last.slot.validate;
      slot.retryAt = Math.max(...slots.map(({ retryAt }) => retryAt));
      slot.askedUntil = Math.max(...slots.map(({ askedUntil }) => askedUntil));
    }
    handOver(slots, (message) => this.slotFor(message), first.slot);
  }

  /** It is gone: a shared breaker must not keep it. */
  dispose(): void {
    this.#unsubscribe?.();
  }

  #breakerChanged({ to, cause, rates }: BreakerChange): void {
    const { bus } = this.parts.world;
    if (to === 'half-open') return;
    const coolDownMs = this.breaker?.coolDownLeftMs() ?? 0;
    if (to === 'open') bus.publish('breaker.opened', { channel: this.name, cause, rates, coolDownMs });
    else bus.publish('breaker.closed', { channel: this.name, cause });
    for (const member of this.members) member.send({ type: to === 'open' ? 'breaker.opened' : 'breaker.closed' });
  }
}
