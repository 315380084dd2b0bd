import { type BatchContext, type LifeContext, ProcessingChannel } from '../../src/index.ts';
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

/** What a call comes to: an error or none, now or after so many ms. */
interface Reaction {
  readonly error?: Error;
  readonly isSync?: boolean;
  readonly afterMs?: number;
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
    if (simulated.mark === 'invalid') throw new Error('an invalid message');
    this.#world.account(this.#name).seen(simulated, this.#world.clock.now());
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
    const call = world.callStarted(this.#name, this.#id, batch, context);
    context.emit({ n: batch[0]?.n ?? -1 });
    world.insideOf('process');
    const { error, isSync = true, afterMs = 0 } = this.#reaction(call, context);
    const end = (): void => world.callEnded(this.#name, call, error);
    if (isSync && afterMs === 0) {
      end();
      if (error !== undefined) throw error;
      return;
    }
    if (afterMs === Number.POSITIVE_INFINITY) return new Promise<void>(() => {});
    return new Promise<void>((resolve, reject) => {
      world.clock.setTimeout(() => {
        end();
        if (error === undefined) resolve();
        else reject(error);
      }, afterMs);
    });
  }

  /** Brings itself new work, until its mailbox is full: a flood that never ends by itself. */
  #refill(count: number): void {
    let left = count;
    while (left > 0 && this.#world.route(this.#name, 3, null)) left -= 1;
  }

  #reaction(call: SinkCall, context: BatchContext): Reaction {
    const { record, plan, clock } = this.#world;
    const { mode } = this.#sink;
    const strike = (fault: string, reaction: Reaction): Reaction => {
      record.struck(fault);
      return reaction;
    };
    const failing = brokenBy(call.batch);
    if (failing !== undefined && mode.kind !== 'hanging') return strike(failing.message, { error: failing });
    const dice = chanceOf(plan.seed, 1_000 + (call.batch[0]?.n ?? 0) * 16 + call.attempt);
    switch (mode.kind) {
      case 'healthy':
        return {};
      case 'failing': {
        const advice = mode.asksMs > 0 ? { retryAfterMs: mode.asksMs } : {};
        const error = Object.assign(new Error('the sink is down'), advice);
        return strike('sink down', { error, isSync: mode.how === 'throws', afterMs: mode.afterMs });
      }
      case 'hanging':
        return strike(mode.settles === 'never' ? 'sink hung' : `sink hung, ${mode.settles} late`, {
          isSync: false,
          afterMs: mode.settles === 'never' ? Number.POSITIVE_INFINITY : mode.afterMs,
          ...(mode.settles === 'rejects' && { error: new Error('too late') }),
        });
      case 'slow':
        return strike('sink slow', { afterMs: mode.ms });
      case 'flaky':
        if (!dice.isBelow(mode.rate)) return { afterMs: mode.ms };
        return strike('sink flaky', {
          afterMs: mode.ms,
          isSync: dice.isBelow(0.5),
          error: new Error('the sink is flaky'),
        });
      case 'naming':
        for (const index of call.batch.keys()) {
          if (!dice.isBelow(mode.rate)) continue;
          call.named.add(index);
          context.fail(index, new Error(`message ${index} is bad`));
        }
        return strike('messages named', { afterMs: mode.ms });
      case 'busy':
        clock.jump(mode.ms);
        this.#world.wasBusy = true;
        if (clock.now() - this.#sink.since < mode.forMs) this.#refill(mode.refill);
        return strike('sink busy', {});
    }
  }
}

/** A message that no sink can digest. */
function brokenBy(batch: readonly SimulatedMessage[]): Error | undefined {
  if (batch.some(({ mark }) => mark === 'refused'))
    return Object.assign(new Error('message refused'), { retryable: false });
  return batch.some(({ mark }) => mark === 'poison') ? new Error('message poisoned') : undefined;
}
