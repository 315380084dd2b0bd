import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AnyChannel, ChannelFactory } from '../channel/processing-channel.ts';
import { Slot, type World } from '../channel/slot.ts';
import type { ChannelConfig } from '../config/schema.ts';
import { Breaker } from '../core/breaker.ts';
import { Histogram } from '../core/histogram.ts';
import type { Outcome } from '../core/outcome.ts';
import { createPartitioning, type Partitioning } from '../core/partitioning.ts';
import { keyReader } from '../core/symbol.ts';
import type { ChannelMetrics } from '../observe/metrics.ts';
import { channelMetrics } from '../observe/snapshot.ts';
import { Member } from './member.ts';

/** One channel of a router: its name, its configuration and its partitions. */
export class Channel {
  readonly name: string;
  readonly members: readonly Member[];
  readonly breaker: Breaker | undefined;
  readonly processing = new Histogram();
  readonly queueing = new Histogram();
  #config: ChannelConfig;
  readonly #partitioning: Partitioning<Slot>;
  /** The instance that was made to read its rules; the first start uses it up. */
  #instance: AnyChannel | undefined;

  constructor(config: ChannelConfig, factory: ChannelFactory, world: World, instance: AnyChannel | undefined) {
    this.name = config.name;
    this.#config = config;
    this.#instance = instance;
    this.breaker = config.breaker === false ? undefined : new Breaker(config.breaker, world.clock, world.random);
    const { partitionBy, partitions } = config;
    const isKey = partitionBy !== 'round-robin' && partitionBy !== 'least-loaded';
    const keyOf = keyReader(isKey ? partitionBy : 'sym', (error) => world.bus.fault('key', error, config.name));
    const { breaker, processing, queueing } = this;
    const shared = { keyOf, breaker, processing, queueing };
    this.members = Array.from({ length: partitions }, (_, index) => {
      const id = partitions === 1 ? config.name : `${config.name}/${index}`;
      return new Member(this, new Slot(id, config, world, shared), factory);
    });
    const slots = this.members.map((member) => member.slot);
    this.#partitioning = createPartitioning(slots, isKey ? keyOf : partitionBy);
  }

  get config(): ChannelConfig {
    return this.#config;
  }

  /** The slot that serves a message. */
  slotFor(message: unknown): Slot {
    return this.#partitioning.pick(message);
  }

  accept(message: unknown): Outcome {
    return this.#partitioning.pick(message).accept(message);
  }

  /** The instance made ahead of the first start; undefined: it was used up. */
  takeInstance(): AnyChannel | undefined {
    const instance = this.#instance;
    this.#instance = undefined;
    return instance;
  }

  metrics(): ChannelMetrics {
    return channelMetrics(this);
  }
}

/** The schema a channel class checks its `eventRules` by. */
export function rulesOf(channel: AnyChannel): StandardSchemaV1 | undefined {
  // `static rules` belongs to the class of the instance, which only its constructor knows.
  return (channel.constructor as { readonly rules?: StandardSchemaV1 }).rules;
}
