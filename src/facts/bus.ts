import mitt, { type Emitter } from 'mitt';
import type { FaultPlace, RouterEvents } from './events.ts';

// mitt describes itself to TypeScript as CommonJS although Node loads its ES module, whose default is the function.
const createEmitter = mitt as unknown as typeof mitt.default;

/** A mitt bus of the host's own, whatever else it carries: only its handlers are read. */
export interface EventBus {
  readonly all: { get(type: never): unknown };
}

/** The handlers of a bus of our own: it tells when there may be the first for a type. */
class Handlers extends Map {
  readonly #listed: (type: unknown) => void;

  /** `listed` is told that a list for this type is put in. */
  constructor(listed: (type: unknown) => void) {
    super();
    this.#listed = listed;
  }

  override set(type: unknown, handlers: unknown): this {
    this.#listed(type);
    return super.set(type, handlers);
  }
}

type Tap<Type extends keyof RouterEvents> = (event: RouterEvents[Type]) => void;

/** How often callbacks of the host threw, by place. */
export type Faults = Readonly<Record<FaultPlace, number>>;

/**
 * Puts events on a mitt bus, in order. Unlike `mitt.emit` it contains what a listener throws, so that one listener can
 * harm neither the others nor the channel that happens to be at work.
 */
export class Bus {
  readonly emitter: Emitter<RouterEvents>;
  /** Our own listeners: logging and alerts. */
  readonly #taps = new Map<keyof RouterEvents, Tap<never>[]>();
  readonly #observers: (<Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]) => void)[] = [];
  /** Somebody may listen to `batch.flushed`. */
  private mayHearFlushes: boolean;
  readonly #faults: Record<FaultPlace, number> = {
    listener: 0,
    logger: 0,
    inspector: 0,
    recorder: 0,
    close: 0,
    rule: 0,
    key: 0,
  };

  constructor(emitter?: EventBus) {
    const listed = (type: unknown): void => {
      if (type === 'batch.flushed' || type === '*') this.mayHearFlushes = true;
    };
    // A bus of the host's does not tell.
    this.mayHearFlushes = emitter !== undefined;
    // A mitt bus keeps handlers by the name of their event; beside the host's own names there are now ours.
    this.emitter = (emitter ?? createEmitter(new Handlers(listed))) as Emitter<RouterEvents>;
  }

  /** A listener of our own, apart from those of the host. */
  tap<Type extends keyof RouterEvents>(type: Type, listener: Tap<Type>): void {
    const taps = this.#taps.get(type);
    if (taps === undefined) this.#taps.set(type, [listener]);
    else taps.push(listener);
    if (type === 'batch.flushed') this.mayHearFlushes = true;
  }

  /** A listener of our own to everything that is published; `batch.flushed` is not published for its sake. */
  tapAll(observer: <Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]) => void): void {
    this.#observers.push(observer);
  }

  get faults(): Faults {
    return { ...this.#faults };
  }

  /** Nobody listening costs nothing: ask before an event is put together in a hot place. */
  hasListener(type: keyof RouterEvents): boolean {
    const { all } = this.emitter;
    return this.#taps.has(type) || (all.get(type)?.length ?? 0) > 0 || (all.get('*')?.length ?? 0) > 0;
  }

  /** As `hasListener('batch.flushed')`, asked after every batch: nothing is looked up before somebody has listened. */
  get hearsFlushes(): boolean {
    return this.mayHearFlushes && this.hasListener('batch.flushed');
  }

  publish<Type extends keyof RouterEvents>(type: Type, event: RouterEvents[Type]): void {
    for (const observe of this.#observers) observe(type, event);
    // Taps are kept by type, which a Map cannot express: those under `type` take its event.
    for (const tap of (this.#taps.get(type) ?? []) as Tap<Type>[]) tap(event);
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
    try {
      const result = call();
      if (result instanceof Promise) result.catch((error: unknown) => this.#listenerFailed(type, error));
    } catch (error) {
      this.#listenerFailed(type, error);
    }
  }

  /** A listener of `callback.failed` that throws is only counted: told again, it would throw again. */
  #listenerFailed(type: keyof RouterEvents, error: unknown): void {
    if (type === 'callback.failed') this.#faults.listener += 1;
    else this.fault('listener', error);
  }
}
