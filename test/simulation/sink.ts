import { type BatchContext, type LifeContext, ProcessingChannel } from '../../src/index.ts';
import { busy, fail, hang, type Reaction, slow, succeed } from '../../src/testing/index.ts';
import type { SimulatedMessage, SinkCall } from './account.ts';
import { chanceOf } from './chance.ts';
import type { CrashPlace, SinkMode } from './plan.ts';
import type { World } from './world.ts';

/** Where the instances of a channel deliver to. It outlives them, and so do the faults of the channel's class. */
export class Sink {
  mode: SinkMode = { kind: 'healthy' };
  /** When its mode began. */
  since = 0;
  readonly crashes = new Map<CrashPlace, number>();

  /** Whether the channel is to crash here, once. */
  takeCrash(place: CrashPlace): boolean {
    const left = this.crashes.get(place) ?? 0;
    if (left > 0) this.crashes.set(place, left - 1);
    return left > 0;
  }
}

/** An instance of a channel whose class, sink and messages are all subject to faults. */
export class SimulatedChannel extends ProcessingChannel<SimulatedMessage, { readonly n: number }> {
  readonly #world: World;
  readonly #name: string;
  readonly #sink: Sink;
  /** Which partition it is; unknown until it is told. */
  #id: string | undefined;

  constructor(world: World, name: string, sink: Sink) {
    super();
    this.#world = world;
    this.#name = name;
    this.#sink = sink;
    if (!sink.takeCrash('constructor')) return;
    world.record.struck('constructor crashed');
    throw new Error('the constructor crashed');
  }

  override validate(message: unknown): SimulatedMessage {
    // The simulation sends nothing else.
    const simulated = message as SimulatedMessage;
    this.#world.insideOf('validate');
    // What one channel refuses another one may take.
    const isPicky = this.#name !== 'copy' || simulated.n % 2 === 0;
    if (simulated.mark === 'invalid' && isPicky) throw new Error('an invalid message');
    const { clock, record, refusedLetters } = this.#world;
    const account = this.#world.account(this.#name);
    // A replayed letter, or one that was taken in before there was an instance.
    const isLate = refusedLetters.has(simulated.n) || this.#world.isBlind(this.#name);
    record.check('order', account.seen(simulated, clock.now(), isLate));
    return simulated;
  }

  override warmUp(context: LifeContext): void | Promise<void> {
    this.#id = this.#world.idOf(context);
    if (this.#sink.takeCrash('warm-up')) {
      this.#world.record.struck('warmUp failed');
      throw new Error('warmUp failed');
    }
    if (!this.#sink.takeCrash('warm-up-hangs')) return;
    this.#world.record.struck('warmUp hung');
    return new Promise(() => {});
  }

  override close(): void | Promise<void> {
    if (this.#sink.takeCrash('close')) {
      this.#world.record.struck('close failed');
      throw new Error('close failed');
    }
    if (!this.#sink.takeCrash('close-hangs')) return;
    this.#world.record.struck('close hung');
    return new Promise(() => {});
  }

  override process(batch: readonly SimulatedMessage[], context: BatchContext<{ readonly n: number }>) {
    const world = this.#world;
    const { clock } = world;
    if (world.isDead) return new Promise<void>(() => {});
    const call = world.callStarted(this.#name, this.#id, batch, context);
    context.emit({ n: batch[0]?.n ?? -1 });
    world.insideOf('process', call);
    const end = (error?: Error): void => world.callEnded(this.#name, call, error);
    try {
      // A reaction knows nothing of the events of a channel.
      const result = this.#reaction(call)({ batch, context: context as BatchContext, clock });
      if (result === undefined) return end();
      return result.then(
        () => end(),
        (error) => {
          end(error);
          throw error;
        },
      );
    } catch (error) {
      // The reactions below throw nothing else.
      end(error as Error);
      throw error;
    }
  }

  /** Brings itself new work, until its mailbox is full: a flood that never ends by itself. */
  #refill(count: number): void {
    let left = count;
    while (left > 0 && this.#world.route(this.#name, 3, null)) left -= 1;
  }

  /** What the call meets, in the words of the test kit; how the sink is, is for the plan to say. */
  #reaction(call: SinkCall): Reaction {
    const { record, plan, clock } = this.#world;
    const { mode } = this.#sink;
    const strike = (fault: string, reaction: Reaction): Reaction => {
      record.struck(fault);
      return reaction;
    };
    const failing = brokenBy(call.batch);
    if (failing !== undefined && mode.kind !== 'hanging') return strike(failing.message, fail(failing));
    const dice = chanceOf(plan.seed, 1_000 + (call.batch[0]?.n ?? 0) * 16 + call.attempt);
    switch (mode.kind) {
      case 'healthy':
        return succeed();
      case 'failing': {
        const advice = mode.asksMs > 0 ? { retryAfterMs: mode.asksMs } : {};
        const error = Object.assign(new Error('the sink is down'), advice);
        const isSync = mode.how === 'throws' && mode.afterMs === 0;
        return strike('sink down', isSync ? fail(error) : slow(mode.afterMs, fail(error)));
      }
      case 'hanging':
        if (mode.settles === 'never') return strike('sink hung', hang());
        return strike(
          `sink hung, ${mode.settles} late`,
          slow(mode.afterMs, mode.settles === 'rejects' ? fail(new Error('too late')) : succeed()),
        );
      case 'slow':
        return strike('sink slow', slow(mode.ms));
      case 'flaky': {
        if (!dice.isBelow(mode.rate)) return after(mode.ms, succeed());
        const isSync = dice.isBelow(0.5) && mode.ms === 0;
        const error = fail(new Error('the sink is flaky'));
        return strike('sink flaky', isSync ? error : slow(mode.ms, error));
      }
      case 'naming':
        for (const index of call.batch.keys()) if (dice.isBelow(mode.rate)) call.named.add(index);
        return strike('messages named', (meeting) => {
          for (const index of call.named) meeting.context.fail(index, new Error(`message ${index} is bad`));
          return after(mode.ms, succeed())(meeting);
        });
      case 'busy':
        return strike('sink busy', (meeting) => {
          const beganAt = clock.now();
          void busy(mode.ms)(meeting);
          this.#world.wasBusy = true;
          if (clock.now() - this.#sink.since < mode.forMs) this.#refill(mode.refill);
          this.#world.busyMsMax = Math.max(this.#world.busyMsMax, clock.now() - beganAt);
        });
    }
  }
}

/** No time at all is no promise either. */
function after(ms: number, reaction: Reaction): Reaction {
  return ms === 0 ? reaction : slow(ms, reaction);
}

/** A message that no sink can digest. */
function brokenBy(batch: readonly SimulatedMessage[]): Error | undefined {
  if (batch.some(({ mark }) => mark === 'refused'))
    return Object.assign(new Error('message refused'), { retryable: false });
  return batch.some(({ mark }) => mark === 'poison') ? new Error('message poisoned') : undefined;
}
