import type { AnyActorRef, AnyMachineSnapshot, InspectionEvent } from 'xstate';
import type { ReadingPort } from '../../src/core/reading-port.ts';
import { createRouter, type DataChannelRouter, defineChannel } from '../../src/index.ts';
import type { ModelEvent } from '../../src/testing/machine-paths.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import { GatedSource } from './gated-source.ts';
import type { SourceWorld, sourceFactsOf } from './source.ts';

const DEADLINE_MS = 10_000;

/** A real router with one source, and the physical cause of everything that the source's chart can hear of. */
export class SourceDriver {
  readonly router: DataChannelRouter;
  readonly #clock = createSimulatedClock();
  readonly #source = new GatedSource();
  readonly #calls: (() => void)[] = [];
  #actor: AnyActorRef | undefined;
  #isOpen = false;
  #mustBreak = false;

  constructor(inspect: (event: InspectionEvent) => void) {
    const router = createRouter({
      channels: { plain: defineChannel({ process: () => this.#process() }) },
      config: { channels: { plain: { batchSize: 1, processTimeoutMs: 3_600_000 } } },
      sources: { feed: { source: this.#source, dataType: 'plain', window: { frames: 1 } } },
      clock: this.#clock,
      random: () => 0.5,
      inspect: (event) => {
        if (event.type === '@xstate.actor' && 'id' in event.actorRef && event.actorRef.id === 'source:feed')
          this.#actor ??= event.actorRef as AnyActorRef;
        inspect(event);
      },
    });
    this.router = router as unknown as DataChannelRouter;
    this.router.start().catch(() => {});
  }

  get snapshot(): AnyMachineSnapshot {
    if (this.#actor === undefined) throw new Error('the source has not started');
    return this.#actor.getSnapshot();
  }

  get #port(): ReadingPort {
    return this.snapshot.context.port();
  }

  get facts(): ReturnType<typeof sourceFactsOf> {
    const { hasPartitions, isHeld, isQuiet, isRevoking, mayRestart } = this.#port;
    return { hasPartitions, isRevoking, isHeld, isQuiet, mayRestart };
  }

  /** Reads are permitted in `ready` only. */
  get isRead(): boolean {
    return this.#source.isRead;
  }

  get problems(): readonly string[] {
    return this.router.metrics().conserved ? this.#source.problems : ['a frame is missing', ...this.#source.problems];
  }

  async settle(): Promise<void> {
    await this.#clock.settle();
  }

  /** A port never lets its release fail; here it does, which the chart must survive as well. */
  letReleaseBreak(): void {
    const port = this.#port as { release: ReadingPort['release'] };
    const own = port.release.bind(port);
    port.release = async () => {
      await own();
      if (this.#mustBreak) throw new Error('the release broke');
    };
  }

  async cause(event: ModelEvent<SourceWorld>): Promise<void> {
    await this.#cause(event);
    await this.settle();
  }

  /** Ends everything; false: a timer was left behind. */
  async end(): Promise<boolean> {
    (this.router.actor as unknown as { stop(): void }).stop();
    this.#isOpen = true;
    for (const call of this.#calls.splice(0)) call();
    this.#source.openAll();
    await this.#clock.advance(2 * DEADLINE_MS);
    return this.#clock.pending === 0;
  }

  async #cause({ type, world }: ModelEvent<SourceWorld>): Promise<unknown> {
    if (type.startsWith('xstate.')) return this.#causeEnd(type, world);
    switch (type) {
      case 'partition.assigned':
        return this.#source.assign();
      case 'partition.revoked':
        return void this.#source.revoke(5_000);
      case 'partition.ended':
        return this.#endStay();
      case 'window.filled':
        return this.#source.append();
      case 'window.opened':
      case 'source.quieted':
        return this.#deliver();
      case 'source.failed':
        return this.#source.failRead(world.isFinal);
      case 'source.restart':
        return this.router.restart('feed');
      case 'source.drain':
        return void this.router.stop({ deadlineMs: DEADLINE_MS }).catch(() => {});
      case 'source.abandon':
        return (this.router.actor as unknown as { stop(): void }).stop();
      default:
        throw new Error(`no cause is known for ${type}`);
    }
  }

  async #causeEnd(type: string, world: SourceWorld): Promise<unknown> {
    if (type === 'xstate.done.actor.start') return this.#source.start$.open();
    if (type === 'xstate.error.actor.start') return this.#source.failStart(world.isFinal);
    if (/^xstate\.done\.actor\.(recover|close)$/.test(type)) return this.#source.close$.open();
    if (/^xstate\.error\.actor\.(recover|close)$/.test(type)) return this.#source.close$.fail(new Error('not closed'));
    if (/actor\.release$/.test(type)) {
      this.#mustBreak = type.includes('error');
      return this.#source.release$.open();
    }
    const port = this.#port;
    const delays: Readonly<Record<string, number>> = {
      startTimeout: port.startTimeoutMs,
      restartDelay: port.restartInMs,
      drainDeadline: port.drainInMs,
      releaseDeadline: port.releaseInMs,
      closeDeadline: port.closeInMs,
    };
    const [, delay = ''] = /^xstate\.after\.(\w+)/.exec(type) ?? [];
    await this.#clock.advance(Math.max(1, Math.ceil(delays[delay] ?? Number.NaN)));
    return undefined;
  }

  /** A partition that is being given back ends with its release, any other by a loss. */
  async #endStay(): Promise<void> {
    if (!this.#port.isRevoking) return this.#source.lose();
    await this.#deliver();
    this.#source.release$.open();
  }

  async #deliver(): Promise<void> {
    this.#isOpen = true;
    for (const call of this.#calls.splice(0)) call();
    await this.settle();
    this.#isOpen = false;
    // The commit of a full window does not wait; any other waits for its tick.
    await this.settle();
  }

  #process(): Promise<void> | void {
    if (this.#isOpen) return undefined;
    return new Promise((resolve) => void this.#calls.push(resolve));
  }
}
