import mitt, { type Emitter } from 'mitt';
import type { Clock } from '../core/clock.ts';
import { contained } from '../core/contained.ts';
import { Changes } from './changes.ts';
import { FAULT_PLACES, type FaultPlace, type RouterEvents } from './events.ts';

// mitt describes itself to TypeScript as CommonJS although Node loads its ES module, whose default is the function.
const createEmitter = mitt as unknown as typeof mitt.default;

/** A mitt bus of the host's own, whatever else it carries: only its handlers are read. */
export interface EventBus {
  readonly all: { readonly size: number; get(type: never): unknown };
}

/** How often callbacks of the host threw, by place. */
export type Faults = Readonly<Record<FaultPlace, number>>;

/**
 * Puts events on a mitt bus, in order. Unlike `mitt.emit` it contains what a listener throws, so that one listener can
 * harm neither the others nor the channel that happens to be at work. A fact is told when the change it tells of is
 * complete: a listener may order anything.
 */
export class Bus {
  /** What listeners, loggers and inspectors hear of waits for the end of these. */
  readonly changes: Changes;
  readonly emitter: Emitter<RouterEvents>;
  /** Our own listeners: logging, alerts and the recorder. */
  readonly #taps = createEmitter<RouterEvents>();
  readonly #readers = createEmitter<RouterEvents>();
  // Object.fromEntries widens the keys.
  readonly #faults = Object.fromEntries(FAULT_PLACES.map((place) => [place, 0])) as Record<FaultPlace, number>;

  /** `callback.failed` is being told: whoever fails at that is only counted, or it would be told for ever. */
  #isTellingFault = false;

  constructor(clock: Pick<Clock, 'setImmediate'>, emitter: EventBus = createEmitter()) {
    this.changes = new Changes(clock);
    // A mitt bus keeps handlers by the name of their event; beside the host's own names there are now ours.
    this.emitter = emitter as Emitter<RouterEvents>;
  }

  /** A reader of our own, in the middle of a transition: what it sees then may be gone when the fact is told. */
  tapAtOnce<Type extends keyof RouterEvents>(type: Type, reader: (event: RouterEvents[Type]) => void): void {
    this.#readers.on(type, reader);
  }

  /** A listener of our own, apart from those of the host. */
  tap<Type extends keyof RouterEvents>(type: Type, listener: (event: RouterEvents[Type]) => void): void {
    this.#taps.on(type, listener);
  }

  /** A listener of our own to everything that is published. */
  tapAll(listener: <Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]) => void): void {
    this.#taps.on('*', listener);
  }

  get faults(): Faults {
    return { ...this.#faults };
  }

  /** True if a listener would hear `batch.flushed`: that is checked after every batch, before the event is made. */
  get hearsFlushes(): boolean {
    // The size is read first: a bus without listeners costs nothing.
    return this.emitter.all.size > 0 && this.hearsOne();
  }

  // `private`, not `#`, and apart: V8 then takes the question above for small enough to answer in place.
  private hearsOne(): boolean {
    const { all } = this.emitter;
    return (all.get('batch.flushed')?.length ?? 0) > 0 || (all.get('*')?.length ?? 0) > 0;
  }

  publish<Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]): void {
    this.changes.tell(() => this.#hear(type, event));
  }

  /** As `publish`, from inside a transition, which may go on: its statechart hears of nothing before it has ended. */
  publishAfterwards<Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]): void {
    this.changes.tellAfterwards(() => this.#hear(type, event));
    this.#readers.emit(type, event);
  }

  fault(place: FaultPlace, error: unknown, channel: string | null = null): void {
    this.#faults[place] += 1;
    if (!this.#isTellingFault) this.publish('callback.failed', { place, channel, error });
  }

  #hear<Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]): void {
    const isFault = type === 'callback.failed';
    this.#isTellingFault = isFault;
    try {
      this.#taps.emit(type, event);
      const { all } = this.emitter;
      if (all.size === 0) return;
      const failed = (error: unknown): void => {
        if (isFault) this.#faults.listener += 1;
        else this.fault('listener', error);
      };
      // mitt keeps handlers by type, which a Map cannot express: those under `type` take its event.
      const handlers = all.get(type) as ((event: RouterEvents[Type]) => unknown)[] | undefined;
      for (const handler of [...(handlers ?? [])]) contained(handler, failed)(event);
      const observers = all.get('*') as ((type: Type, event: RouterEvents[Type]) => unknown)[] | undefined;
      for (const observer of [...(observers ?? [])]) contained(observer, failed)(type, event);
    } finally {
      this.#isTellingFault = false;
    }
  }
}
