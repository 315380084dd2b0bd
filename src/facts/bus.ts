import mitt, { type Emitter } from 'mitt';
import { FAULT_PLACES, type FaultPlace, type RouterEvents } from './events.ts';

// mitt describes itself to TypeScript as CommonJS although Node loads its ES module, whose default is the function.
const createEmitter = mitt as unknown as typeof mitt.default;

/** A mitt bus of the host's own, whatever else it carries: only its handlers are read. */
export interface EventBus {
  readonly all: { readonly size: number; get(type: never): unknown };
}

/** How often callbacks of the host threw, by place. */
export type Faults = Readonly<Record<FaultPlace, number>>;

type Observer = <Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]) => void;

/**
 * Puts events on a mitt bus, in order. Unlike `mitt.emit` it contains what a listener throws, so that one listener can
 * harm neither the others nor the channel that happens to be at work.
 */
export class Bus {
  readonly emitter: Emitter<RouterEvents>;
  /** Our own listeners: logging, alerts and the recorder. */
  readonly #taps = createEmitter<RouterEvents>();
  readonly #observers: Observer[] = [];
  // Object.fromEntries widens the keys.
  readonly #faults = Object.fromEntries(FAULT_PLACES.map((place) => [place, 0])) as Record<FaultPlace, number>;

  constructor(emitter: EventBus = createEmitter()) {
    // A mitt bus keeps handlers by the name of their event; beside the host's own names there are now ours.
    this.emitter = emitter as Emitter<RouterEvents>;
  }

  /** A listener of our own, apart from those of the host. */
  tap<Type extends keyof RouterEvents>(type: Type, listener: (event: RouterEvents[Type]) => void): void {
    this.#taps.on(type, listener);
  }

  /** A listener of our own to everything that is published, before all others. */
  tapAll(observer: Observer): void {
    this.#observers.push(observer);
  }

  get faults(): Faults {
    return { ...this.#faults };
  }

  /** True if a listener would hear `batch.flushed`: that is checked after every batch, before the event is made. */
  get hearsFlushes(): boolean {
    // The size is read first: a bus without listeners costs nothing.
    return this.emitter.all.size > 0 && (this.#hears('batch.flushed') || this.#hears('*'));
  }

  #hears(type: 'batch.flushed' | '*'): boolean {
    return (this.emitter.all.get(type)?.length ?? 0) > 0;
  }

  publish<Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]): void {
    for (const observe of this.#observers) observe(type, event);
    this.#taps.emit(type, event);
    const { all } = this.emitter;
    // mitt keeps handlers by type, which a Map cannot express: those under `type` take its event.
    const handlers = all.get(type) as ((event: RouterEvents[Type]) => unknown)[] | undefined;
    if (handlers !== undefined) for (const handler of [...handlers]) this.#call(type, () => handler(event));
    const observers = all.get('*') as ((type: Type, event: RouterEvents[Type]) => unknown)[] | undefined;
    if (observers !== undefined) for (const observer of [...observers]) this.#call(type, () => observer(type, event));
  }

  /** A callback of the host threw. */
  fault(place: FaultPlace, error: unknown, channel: string | null = null): void {
    this.#faults[place] += 1;
    this.publish('callback.failed', { place, channel, error });
  }

  #call(type: keyof RouterEvents, call: () => unknown): void {
    // A listener of `callback.failed` that throws is only counted: published again, it would throw again.
    const failed = (error: unknown): void => {
      if (type === 'callback.failed') this.#faults.listener += 1;
      else this.fault('listener', error);
    };
    try {
      const result = call();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
