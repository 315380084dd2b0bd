import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from 'xstate';
import type { ChannelPort } from '../../src/core/channel-port.ts';
import { createRouter, type DataChannelRouter } from '../../src/index.ts';
import type { factsOf, World } from '../../src/testing/channel-world.ts';
import { type ModelEvent, placeOf } from '../../src/testing/machine-paths.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { GatedChannel, type Gates } from './model-gates.ts';

const FAR_MS = 60_000;
const NEAR_MS = 20;
const HUNG_MS = 400_000;
const QUIET_MS = 2;
/** What waits is due sooner after a reload. */
const SOONER_MS = 50;
/** Who watches for which edge: idle for the first message, buffering for a full batch, and nobody else. */
const ASKING: Readonly<Record<string, string>> = { 'message.waiting': 'ready.idle', 'batch.full': 'ready.buffering' };
/** More rounds than this, and the edge that was expected does not come. */
const ROUNDS_MAX = 12;

/** A real router with one channel, and the physical cause of everything that its chart can hear of. */
export class ChannelDriver {
  readonly router: DataChannelRouter;
  readonly #clock = createSimulatedClock();
  readonly #gates: Gates = {};
  #actor: AnyActorRef | undefined;
  /** Edges that were told to a state which had not asked for them. */
  readonly strayEdges: string[] = [];
  #mayBreak = false;
  #isBroken = false;

  constructor(batchSize: number, inspect: (event: InspectionEvent) => void) {
    this.router = createRouter({
      channels: { c: () => new GatedChannel(this.#gates) },
      config: { channels: { c: configOf(batchSize) } },
      clock: this.#clock,
      random: () => 0.5,
      inspect: (event) => {
        if (event.type === '@xstate.actor' && 'id' in event.actorRef && event.actorRef.id === 'c')
          this.#actor ??= event.actorRef as AnyActorRef;
        this.#noteEdge(event);
        inspect(event);
      },
    });
    this.router.start().catch(() => {});
  }

  get snapshot(): AnyMachineSnapshot {
    const snapshot = this.#actor?.getSnapshot();
    if (snapshot === undefined) throw new Error('the channel has not started');
    return snapshot;
  }

  /** What the guards read now. */
  get facts(): ReturnType<typeof factsOf> {
    const { isPaused, isTripped, hasWork, isDue, isIsolating, mustWait } = this.#port;
    return { isPaused, isTripped, hasWork, isDue, isIsolating, mustWait };
  }

  /** Why it is in its state, as it tells the host. */
  get told(): { cause: string; error: unknown } {
    const { cause, error } = this.snapshot.context;
    return { cause, error: error?.message };
  }

  get inFlight(): number {
    return this.#metrics().inFlight;
  }

  settle(): Promise<void> {
    return this.#clock.settle();
  }

  /** Brings about what a step of the model says has happened. */
  async cause({ type, world }: ModelEvent<World>): Promise<void> {
    if (!this.#mayBreak) this.#letCloseBreak();
    await (type.startsWith('xstate.') ? this.#causeEnd(type) : this.#causeEvent(type, world));
    await this.settle();
  }

  /** Lets the time pass that its state waits for; false: it is over and the channel has not gone on. */
  async isPunctual(): Promise<boolean> {
    const from = placeOf(this.snapshot);
    const { dueInMs, retryInMs, coolDownInMs } = this.#port;
    const waits: Record<string, number> = {
      'ready.buffering': dueInMs,
      'ready.retrying': retryInMs,
      tripped: coolDownInMs,
    };
    const ms = waits[from];
    if (ms === undefined) return true;
    await this.#advance(ms);
    return placeOf(this.snapshot) !== from;
  }

  /** Ends everything; false: a timer was left behind. */
  async end(): Promise<boolean> {
    (this.router.actor as unknown as { stop(): void }).stop();
    for (const gate of Object.values(this.#gates)) gate?.resolve();
    await this.settle();
    return this.#clock.pending === 0;
  }

  async #causeEnd(type: string): Promise<void> {
    const { warmUp, close } = this.#gates;
    const port = this.#port;
    if (type === 'xstate.done.actor.warmUp') warmUp?.resolve();
    else if (type === 'xstate.error.actor.warmUp') warmUp?.reject(new Error('not warm'));
    else if (type === 'xstate.done.actor.close') close?.resolve();
    else if (type === 'xstate.error.actor.close') {
      this.#isBroken = true;
      close?.resolve();
    } else if (type.includes('.warmUpTimeout.')) await this.#advance(port.warmUpTimeoutMs);
    else if (type.includes('.batchAge.')) await this.#advance(port.dueInMs);
    else if (type.includes('.retryDelay.')) await this.#advance(port.retryInMs);
    else if (type.includes('.coolDown.')) await this.#advance(port.coolDownInMs);
    else if (type.includes('.drainDeadline.')) await this.#advance(port.drainInMs);
    else if (type.includes('.closeDeadline.')) await this.#advance(port.closeInMs);
    else throw new Error(`no cause is known for ${type}`);
  }

  async #causeEvent(type: string, world: World): Promise<void> {
    const { router } = this;
    switch (type) {
      case 'message.waiting':
      case 'batch.full':
      case 'weather.message':
        return this.#route();
      case 'batch.flush':
        return router.flush('c');
      case 'delivery.quieted':
      case 'isolation.finished':
        return this.#settleCalls('resolve');
      case 'batch.failed':
        return this.#settleCalls('reject');
      case 'breaker.opened':
        return this.#open();
      case 'breaker.closed':
        return this.#close();
      case 'weather.success':
        return this.#gates.process?.resolve();
      case 'weather.failure':
        return this.#gates.process?.reject(new Error('the sink failed'));
      case 'call.hung':
        return this.#hang();
      case 'channel.pause':
        return router.pause('c');
      case 'channel.resume':
        return router.resume('c');
      case 'channel.restart':
        return router.restart('c');
      case 'channel.reconfigured':
        await router.reconfigure({ channels: { c: configOf(world.batchSize, SOONER_MS) } });
        return;
      case 'channel.drain':
        router.stop({ deadlineMs: world.isDeadlineNear ? NEAR_MS : FAR_MS }).catch(() => {});
        return;
      case 'channel.halt':
        return (router.actor as unknown as { stop(): void }).stop();
      default:
        throw new Error(`no cause is known for ${type}`);
    }
  }

  #noteEdge(event: InspectionEvent): void {
    if (event.type !== '@xstate.event' || event.actorRef !== this.#actor) return;
    const asks = ASKING[event.event.type];
    if (asks !== undefined && placeOf(this.snapshot) !== asks)
      this.strayEdges.push(`${event.event.type} in ${placeOf(this.snapshot)}`);
  }

  /** What a user's `close` throws is contained; only a port that breaks its word lets its actor fail. */
  #letCloseBreak(): void {
    const port = this.#port;
    const close = port.close.bind(port);
    port.close = async (signal) => {
      await close(signal);
      if (this.#isBroken) throw new Error('the port broke its word');
    };
    this.#mayBreak = true;
  }

  /** By an operator; the end of the trials is the sink's doing. */
  async #open(): Promise<void> {
    const isHalfOpen = this.#metrics().breaker?.state === 'half-open';
    if (this.#isProbing || isHalfOpen) await this.#settleCalls('reject');
    else this.router.trip('c');
  }

  /** Longer than any cool-down, unless an operator holds the breaker open. */
  async #hang(): Promise<void> {
    if (placeOf(this.snapshot) === 'tripped') this.router.trip('c', { coolDownMs: Number.POSITIVE_INFINITY });
    await this.#advance(HUNG_MS);
  }

  async #close(): Promise<void> {
    if (this.#isProbing) await this.#settleCalls('resolve');
    else this.router.reset('c');
  }

  /** The sink answers every call in the same way until the chart moves on; a trial needs something to try. */
  async #settleCalls(how: 'resolve' | 'reject'): Promise<void> {
    const from = placeOf(this.snapshot);
    for (let round = 0; round < ROUNDS_MAX && placeOf(this.snapshot) === from; round += 1) {
      const { process } = this.#gates;
      if (process !== undefined) process[how](new Error('the sink failed'));
      else if (this.#isProbing) this.#route();
      else await this.#advance(QUIET_MS);
      await this.settle();
    }
  }

  get #isProbing(): boolean {
    return placeOf(this.snapshot) === 'ready.probing';
  }

  #route(): void {
    this.router.route({ sym: 'A' }, { dataType: 'c' });
  }

  get #port(): ChannelPort {
    return this.snapshot.context.port();
  }

  #advance(ms: number): Promise<void> {
    return this.#clock.advance(Math.max(1, Math.ceil(ms)));
  }

  #metrics() {
    const { conserved, channels } = this.router.metrics();
    if (channels.c === undefined || !conserved) throw new Error('messages are not accounted for');
    return channels.c;
  }
}

/** Backoffs take 50 ms, cool-downs 3 s or more; the breaker opens by hand and in trials only. */
function configOf(batchSize: number, timeoutMs = 100) {
  return {
    priority: 2,
    batchSize,
    timeoutMs,
    capacity: 10,
    warmUpTimeoutMs: 1_000,
    processTimeoutMs: HUNG_MS - 100_000,
    abandonAfterMs: 100_000,
    retry: { attempts: 2, delayMs: 100, delayMsMax: 100 },
    breaker: {
      window: { count: 10_000 },
      minimumCalls: 10_000,
      slowCallMs: HUNG_MS,
      coolDownMs: 4_000,
      coolDownMsMax: 4_000,
      probes: 1,
    },
  };
}
