import type { AnyMachineSnapshot, InspectionEvent } from 'xstate';
import type { FleetPort } from '../../src/core/fleet-port.ts';
import { createRouter, type DataChannelRouter, type Source } from '../../src/index.ts';
import { Gates } from '../../src/testing/gates.ts';
import type { ModelEvent } from '../../src/testing/machine-paths.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { Blank } from '../support/model-channel.ts';
import { type FleetWorld, type fleetFactsOf, RESTARTS_MAX } from './router.ts';

const HUNG_MS = 10_000;
const RESTART_MS = 100;
const DEADLINE_MS = 1_000;

/** A real router with two channels and a source, and the physical cause of everything that its chart can hear of. */
export class RouterDriver {
  readonly router: DataChannelRouter;
  readonly #clock = createSimulatedClock();
  readonly #gates = { frail: new Gates(), steady: new Gates() };
  #isTreacherous = false;
  #closeSource: () => void = () => {};
  readonly #source: Source = {
    lasts: false,
    start: async () => {},
    close: () =>
      new Promise((resolve) => {
        this.#closeSource = resolve;
      }),
  };

  constructor(escalates: boolean, inspect: (event: InspectionEvent) => void) {
    this.router = createRouter({
      channels: { frail: () => this.#makeFrail(), steady: () => this.#gates.steady.around(new Blank()) },
      sources: { feed: this.#source },
      config: {
        router: { onGiveUp: escalates ? 'escalate' : 'degrade' },
        channels: { frail: channelConfig, steady: channelConfig },
      },
      clock: this.#clock,
      random: () => 0.5,
      inspect,
    });
    this.router.start().catch(() => {});
  }

  get snapshot(): AnyMachineSnapshot {
    return this.router.actor.getSnapshot();
  }

  /** What the guards read now. */
  get facts(): ReturnType<typeof fleetFactsOf> {
    const fleet: FleetPort = this.snapshot.context.fleet();
    const { isSettled, hasDown, isStopped, escalates } = fleet;
    return { isSettled, hasDown, isStopped, mayRestart: fleet.mayRestart('frail'), escalates };
  }

  /** Why it is in its state, as it tells the host; of one that failed, what the host gets to see of it. */
  get told(): { cause: string; error: unknown } {
    const { context, status, error } = this.snapshot;
    const told = status === 'error' ? (error as Error | undefined) : context.error;
    return { cause: context.cause, error: told?.message };
  }

  get isConserved(): boolean {
    return this.router.metrics().conserved;
  }

  settle(): Promise<void> {
    return this.#clock.settle();
  }

  /** Brings about what a step of the model says has happened. */
  async cause(event: ModelEvent<FleetWorld>): Promise<void> {
    await this.#cause(event);
    await this.settle();
  }

  /** Ends everything; false: a timer was left behind. */
  async end(): Promise<boolean> {
    (this.router.actor as unknown as { stop(): void }).stop();
    for (const gates of Object.values(this.#gates)) gates.openAll();
    this.#closeSource();
    await this.settle();
    return this.#clock.pending === 0;
  }

  async #cause({ type, id, world }: ModelEvent<FleetWorld>): Promise<void> {
    const name = id === 'steady' ? id : 'frail';
    const gates = this.#gates[name];
    switch (type) {
      case 'router.stop':
        if (world.frail === 'treacherous') return this.#betray();
        this.router.stop({ deadlineMs: DEADLINE_MS }).catch(() => {});
        return;
      case 'channel.warmed':
        return gates.at('warmUp')?.open();
      case 'channel.failed':
        if (gates.at('warmUp') === undefined) return this.#clock.advance(HUNG_MS);
        return gates.at('warmUp')?.fail();
      case 'channel.restart':
        return this.#clock.advance(RESTART_MS);
      case 'channel.stopped':
        return this.#stop(name);
      case 'source.stopped':
        return this.#closeSource();
      case 'weather.message':
        this.router.route({ sym: 'A' }, { dataType: 'frail' });
        return;
      case 'weather.restart':
        return this.router.restart('frail');
      default:
        return this.#freeze();
    }
  }

  /** The restart that is due makes a channel that stops the router and throws, so that both are heard of in turn. */
  async #betray(): Promise<void> {
    this.#isTreacherous = true;
    await this.#clock.advance(RESTART_MS);
  }

  #makeFrail(): Blank {
    if (this.#isTreacherous) {
      this.router.stop({ deadlineMs: DEADLINE_MS }).catch(() => {});
      throw new Error('it was not made');
    }
    return this.#gates.frail.around(new Blank());
  }

  /** By hand while the router serves; a drain only has to be let go on. */
  async #stop(id: 'frail' | 'steady'): Promise<void> {
    if (this.router.state !== 'stopping') this.router.remove(id).catch(() => {});
    await this.settle();
    this.#gates[id].at('process')?.open();
    await this.settle();
    this.#gates[id].at('close')?.open();
  }

  /** Only a process that stood still for longer than the deadline sees the router end before its channels. */
  async #freeze(): Promise<void> {
    this.#clock.jump(DEADLINE_MS * 2);
  }
}

const channelConfig = {
  priority: 2,
  batchSize: 1,
  warmUpTimeoutMs: HUNG_MS * 100,
  processTimeoutMs: HUNG_MS - 1,
  abandonAfterMs: 1,
  restart: { limit: RESTARTS_MAX, delayMs: RESTART_MS },
};
