import type { Clock } from '../core/clock.ts';
import type { ChannelSources, DataChannelRouter, RouterConfigInput, RouterMetrics } from '../index.ts';
import { ChannelFaults, disturbed } from './chaos-channels.ts';
import { ChaosOperator, type Operated } from './chaos-operator.ts';
import { createFaultPlan, isCallFault, type PlannedFault } from './chaos-plan.ts';
import { ChaosError, ChaosRecord, type ChaosReport } from './chaos-record.ts';

type Batches = AsyncIterable<readonly unknown[]>;

/** All waits are short, so that a thousand faults take seconds, and no channel is given up: the replay would wait for it. */
const SHORT = {
  timeoutMs: 20,
  processTimeoutMs: 40,
  abandonAfterMs: 20,
  retry: { delayMs: 5, delayMsMax: 20 },
  breaker: { minimumCalls: 5, slowCallMs: 10, coolDownMs: 10, coolDownMsMax: 50, probes: 2 },
  restart: { limit: 1_000, delayMs: 5, delayMsMax: 20 },
} as const;

/** Faults for a replay, from a seed: laid into its channels, its feed, its listeners and its operation. */
export class Chaos {
  readonly #seed: number;
  readonly #clock: Clock;
  readonly #names: readonly string[];
  readonly #plan: () => PlannedFault | undefined;
  readonly #record = new ChaosRecord();
  readonly #faults: ReadonlyMap<string, ChannelFaults>;
  #operator: ChaosOperator | undefined;
  #listenersLeft = 0;

  constructor(seed: number, names: readonly string[], clock: Clock) {
    this.#seed = seed;
    this.#clock = clock;
    this.#names = names;
    this.#plan = createFaultPlan(seed, names);
    this.#faults = new Map(names.map((name) => [name, new ChannelFaults(name, this.#record, clock)]));
  }

  /** What has to be laid over the configuration. */
  get overrides(): RouterConfigInput {
    return { channels: Object.fromEntries(this.#names.map((name) => [name, SHORT])) };
  }

  disturb<Channels extends ChannelSources>(channels: Channels): Channels {
    return disturbed(channels, this.#faults);
  }

  attach(router: Operated & Pick<DataChannelRouter, 'events'>): void {
    this.#operator = new ChaosOperator(router, this.#clock);
    this.#record.listen(router);
    router.events.on('message.deadLettered', ({ channel, message }) => this.#faults.get(channel ?? '')?.close(message));
    router.events.on('*', () => {
      if (this.#listenersLeft === 0) return;
      this.#listenersLeft -= 1;
      throw new ChaosError('listener');
    });
  }

  /** The same messages; what the plan has for one of them happens when all before it have been taken in. */
  async *feed(batches: Batches): AsyncGenerator<readonly unknown[]> {
    for await (const batch of batches) {
      let start = 0;
      for (let index = 0; index < batch.length; index += 1) {
        const fault = this.#plan();
        if (fault === undefined) continue;
        yield batch.slice(start, index);
        start = index;
        this.#strike(fault);
      }
      yield batch.slice(start);
    }
  }

  /** Waits until pauses are over and configurations in force. */
  async finish(): Promise<void> {
    await this.#operator?.finish();
  }

  report(metrics: RouterMetrics): ChaosReport {
    const lost = this.#names.map((name) => this.#lostOf(name, metrics));
    return {
      seed: this.#seed,
      faults: Object.fromEntries(this.#record.faults),
      followed: Object.fromEntries(this.#record.followed),
      lost: lost.reduce((sum, count) => sum + count, 0),
    };
  }

  #strike(fault: PlannedFault): void {
    const faults = this.#faults.get(fault.channel);
    if (isCallFault(fault)) return faults?.arm(fault);
    this.#record.struck(fault.kind, fault.channel);
    if (fault.kind === 'warm-up') faults?.armWarmUp();
    if (fault.kind === 'listener') this.#listenersLeft += 1;
    else this.#operator?.act(fault.kind, fault.channel, fault.severity);
  }

  #lostOf(name: string, { channels }: RouterMetrics): number {
    const counted = channels[name];
    if (counted === undefined) return 0;
    const { dropped, conflated, returned, buffered, inFlight, rejectedBy } = counted;
    const known = dropped + conflated + returned + buffered + inFlight + (rejectedBy['mailbox-full'] ?? 0);
    // Below zero when an abandoned call came to its end after all, and was handed back as well.
    return Math.max(0, (this.#faults.get(name)?.openCount ?? 0) - known);
  }
}
