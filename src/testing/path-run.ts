import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from 'xstate';
import type { AnyChannel } from '../channel/processing-channel.ts';
import type { ChannelPort } from '../core/channel-port.ts';
import type { DataChannelRouter } from '../router/router.ts';
import type { ChannelInput } from '../router/router-options.ts';
import type { World } from './channel-world.ts';
import { Gates } from './gates.ts';
import { type ModelEvent, placeOf } from './machine-paths.ts';
import { type TestRouter, testRouterOf } from './test-router.ts';

/** The name of the channel under test. */
export const NAME = 'channel';

/** After so long a call was abandoned. */
const HUNG_MS = 400_000;
/** What waits is due sooner after a reload. */
const SOONER_MS = 50;
const FAR_MS = 60_000;
const NEAR_MS = 20;
const QUIET_MS = 2;
/** An operator's cool-down takes as long as that of a failed trial. */
const HELD_MS = 3_000;
/** More rounds than this, and the edge that was expected does not come. */
const ROUNDS_MAX = 12;
/** A failed channel is started again by then, and what waits for a backoff or a hung trial is delivered. */
const RESTARTED_MS = 1_000;
const RECOVERED_MS = 2_000;
/** So many turns of the event loop a channel's own work may take. */
const TURNS_MAX = 1_000;

/** What the port says of each delay of the chart. */
const DELAYS: Readonly<Record<string, keyof ChannelPort & `${string}Ms`>> = {
  warmUpTimeout: 'warmUpTimeoutMs',
  batchAge: 'dueInMs',
  retryDelay: 'retryInMs',
  coolDown: 'coolDownInMs',
  drainDeadline: 'drainInMs',
  closeDeadline: 'closeInMs',
};

/** What a path is run with. */
export interface RunOptions {
  readonly make: () => AnyChannel;
  readonly messages: readonly unknown[];
  readonly eventRules: Readonly<Record<string, unknown>>;
  readonly batchSize: number;
  readonly inspect: (event: InspectionEvent) => void;
}

/** A real router with one channel, and the physical cause of everything that its chart can hear of. */
export class PathRun {
  readonly test: TestRouter<unknown>;
  readonly gates = new Gates();
  readonly #options: RunOptions;
  #actor: AnyActorRef | undefined;
  #routed = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.test = testRouterOf({
      channels: { [NAME]: () => this.gates.around(options.make()) },
      config: { channels: { [NAME]: pathLimits(options, options.batchSize) } },
      // Every jitter is half of what it may be: no backoff is over before it should.
      random: () => 0.5,
      inspect: (event) => {
        if (event.type === '@xstate.actor' && 'id' in event.actorRef && event.actorRef.id === NAME)
          this.#actor ??= event.actorRef as AnyActorRef;
        options.inspect(event);
      },
    });
    this.test.router.start().catch(() => {});
  }

  get snapshot(): AnyMachineSnapshot {
    const snapshot = this.#actor?.getSnapshot();
    if (snapshot === undefined) throw new Error(`the channel has not started: ${this.test.explanations()}`);
    return snapshot;
  }

  get port(): ChannelPort {
    return this.snapshot.context.port();
  }

  /** Lets promises go on until the channel's own work is done; throws if it failed. */
  async settle(): Promise<void> {
    await this.test.clock.settle();
    for (let turn = 0; this.gates.isWorking && this.gates.mistake === undefined; turn += 1) {
      if (turn === TURNS_MAX) {
        const advice = 'what it calls must be a stand-in that waits for nothing real';
        throw new Error(`the channel's own work is not done after ${TURNS_MAX} turns of the event loop; ${advice}`);
      }
      await this.test.clock.settle();
    }
    if (this.gates.mistake !== undefined) throw new Error(this.gates.mistake);
  }

  /** Brings about what a step of the model says has happened. */
  async cause({ type, world }: ModelEvent<World>): Promise<void> {
    await (type.startsWith('xstate.') ? this.#causeEnd(type) : this.#causeEvent(type, world));
    await this.settle();
  }

  /** Whether the router has been neither stopped nor halted. */
  get isServing(): boolean {
    return ['starting', 'running', 'degraded'].includes(this.test.router.state);
  }

  /** Lets everything go on, as after an outage: a failed channel starts again, and only then do old calls end. */
  async release(): Promise<void> {
    const { router, clock } = this.test;
    if (this.isServing) {
      router.resume(NAME);
      router.reset(NAME);
      this.gates.at('warmUp')?.open();
      await clock.advance(RESTARTED_MS);
      this.gates.at('warmUp')?.open();
      router.flush(NAME);
      await this.settle();
    }
    this.gates.openAll();
    await this.settle();
    if (this.isServing) await clock.advance(RECOVERED_MS);
    await this.settle();
  }

  end(): void {
    abandonRouter(this.#router);
    this.gates.openAll();
  }

  async #causeEnd(type: string): Promise<void> {
    const [, kind = '', name = ''] = type.split('.');
    const delay = DELAYS[name];
    if (kind === 'after' && delay !== undefined) await this.#advance(this.port[delay]);
    else throw new Error(`no cause is known for ${type}`);
  }

  async #causeEvent(type: string, world: World): Promise<unknown> {
    const router = this.#router;
    const causes: Readonly<Record<string, () => unknown>> = {
      'warmUp.finished': () => this.gates.at('warmUp')?.open(),
      'warmUp.failed': () => this.gates.at('warmUp')?.fail(),
      'close.finished': () => this.gates.at('close')?.open(),
      'message.waiting': () => this.#route(),
      'batch.full': () => this.#route(),
      'weather.message': () => this.#route(),
      'batch.flush': () => router.flush(NAME),
      'wait.shortened': () => router.flush(NAME),
      'delivery.quieted': () => this.#settleCalls('open'),
      'isolation.finished': () => this.#settleCalls('open'),
      'batch.failed': () => this.#settleCalls('fail'),
      'breaker.opened': () => this.#openBreaker(),
      'breaker.closed': () => (this.#isProbing ? this.#settleCalls('open') : router.reset(NAME)),
      'weather.success': () => this.gates.at('process')?.open(),
      'weather.failure': () => this.gates.at('process')?.fail(),
      'call.hung': () => this.#hang(),
      'channel.pause': () => router.pause(NAME),
      'channel.resume': () => router.resume(NAME),
      'channel.restart': () => router.restart(NAME),
      'channel.reconfigured': () => {
        const limits = { ...pathLimits(this.#options, world.batchSize), timeoutMs: SOONER_MS };
        return router.reconfigure({ channels: { [NAME]: limits } });
      },
      'channel.drain': () => {
        router.stop({ deadlineMs: world.isDeadlineNear ? NEAR_MS : FAR_MS }).catch(() => {});
      },
      'channel.abandon': () => abandonRouter(router),
    };
    const cause = causes[type];
    if (cause === undefined) throw new Error(`no cause is known for ${type}`);
    return cause();
  }

  /** By an operator; the end of the trials is the sink's doing. */
  async #openBreaker(): Promise<void> {
    const isTried = this.#isProbing || this.#router.metrics().channels[NAME]?.breaker?.state === 'half-open';
    if (isTried) await this.#settleCalls('fail');
    else this.#router.trip(NAME, { coolDownMs: HELD_MS });
  }

  /** Longer than any cool-down, unless an operator holds the breaker open. */
  async #hang(): Promise<void> {
    if (placeOf(this.snapshot) === 'tripped') {
      this.#router.trip(NAME, { coolDownMs: Number.POSITIVE_INFINITY });
    }
    await this.#advance(HUNG_MS);
  }

  /** The sink answers every call in the same way until the chart moves on; a trial needs something to try. */
  async #settleCalls(how: 'open' | 'fail'): Promise<void> {
    const from = placeOf(this.snapshot);
    for (let round = 0; round < ROUNDS_MAX && placeOf(this.snapshot) === from; round += 1) {
      const gate = this.gates.at('process');
      if (gate !== undefined) gate[how]();
      else if (this.#isProbing) this.#route();
      else await this.#advance(QUIET_MS);
      await this.settle();
    }
  }

  get #isProbing(): boolean {
    return placeOf(this.snapshot) === 'ready.probing';
  }

  get #router(): DataChannelRouter<unknown> {
    return this.test.router;
  }

  #route(): void {
    const { messages } = this.#options;
    const message = messages[this.#routed % messages.length];
    this.#routed += 1;
    const outcome = this.#router.route(message, { dataType: NAME });
    if (outcome.status === 'accepted') return;
    const errors = this.test.facts('message.deadLettered').map(({ error }) => String(error));
    throw new Error(`a message of the test was rejected as ${[outcome.reason, ...errors.slice(-1)].join(': ')}`);
  }

  #advance(ms: number): Promise<void> {
    return this.test.advance(Math.max(1, Math.ceil(ms)));
  }
}

/** Backoffs take 50 ms, cool-downs 3 s or more; the breaker opens by hand and in trials only. */
function pathLimits({ eventRules }: Pick<RunOptions, 'eventRules'>, batchSize: number): ChannelInput {
  const long = { window: { count: 10_000 }, minimumCalls: 10_000, slowCallMs: HUNG_MS };
  return {
    ...{ priority: 2, batchSize, timeoutMs: 2 * SOONER_MS, capacity: 10, eventRules },
    ...{ warmUpTimeoutMs: 1_000, processTimeoutMs: HUNG_MS - 100_000, abandonAfterMs: 100_000 },
    retry: { attempts: 2, delayMs: 100, delayMsMax: 100 },
    breaker: { ...long, coolDownMs: 4_000, coolDownMsMax: 4_000, probes: 1 },
  };
}

/** As a host does that ends its own machine. */
function abandonRouter(router: DataChannelRouter<unknown>): void {
  // Only a root can be stopped, which this one is; its type is that of any actor of a router.
  (router.actor as unknown as { stop(): void }).stop();
}
