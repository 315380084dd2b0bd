import { createActor, type InspectionEvent } from 'xstate';
import { ownershipMachine } from '../../machines/ownership.ts';
import type { OwnershipPort, StayEvent } from '../../src/core/ownership-port.ts';
import { createSimulatedClock } from '../../src/testing/simulated-clock.ts';
import type { OwnershipWorld } from './ownership.ts';

type Called = 'acquire' | 'findPosition' | 'drain' | 'release';

/** A real actor over a port whose every promise the test settles. */
export class OwnershipDriver implements OwnershipPort {
  readonly drainMs = 1_000;
  /** What the chart ordered, in order. */
  readonly calls: string[] = [];
  readonly #clock = createSimulatedClock();
  readonly #actor;
  readonly #open = new Map<Called, (value: unknown) => void>();
  #world: OwnershipWorld = { isWanted: false, isClosing: false };
  #notify: (event: StayEvent) => void = () => {};

  constructor(inspect: (event: InspectionEvent) => void) {
    this.#actor = createActor(ownershipMachine, { input: { port: this }, clock: this.#clock, inspect });
    this.#actor.start();
  }

  get isWanted(): boolean {
    return this.#world.isWanted;
  }

  get isClosing(): boolean {
    return this.#world.isClosing;
  }

  get snapshot() {
    return this.#actor.getSnapshot();
  }

  get pendingTimers(): number {
    return this.#clock.pending;
  }

  async cause(event: {
    readonly type: string;
    readonly world?: OwnershipWorld;
    readonly output?: string;
  }): Promise<void> {
    this.#world = event.world ?? this.#world;
    const [, actor] = /^xstate\.done\.actor\.(\w+)$/.exec(event.type) ?? [];
    if (actor !== undefined) this.#open.get(actor as Called)?.(event.output);
    else if (event.type.startsWith('xstate.after')) await this.#clock.advance(this.drainMs);
    else if (event.type === 'assignment.changed' || event.type === 'position.chosen')
      this.#actor.send({ type: event.type });
    else this.#notify({ type: event.type as StayEvent['type'] });
    await this.#clock.settle();
  }

  end(): void {
    this.#actor.stop();
  }

  acquire(): Promise<void> {
    return this.#call('acquire');
  }

  findPosition(): Promise<'found' | 'went-back'> {
    return this.#call('findPosition');
  }

  keep(notify: (event: StayEvent) => void): () => void {
    this.calls.push('keep');
    this.#notify = notify;
    return () => this.calls.push('keep no longer');
  }

  handOver(): void {
    this.calls.push('handOver');
  }

  drain(): Promise<void> {
    return this.#call('drain');
  }

  endStay(): void {
    this.calls.push('endStay');
  }

  decline(): void {
    this.calls.push('decline');
  }

  release(): Promise<void> {
    return this.#call('release');
  }

  reportHalt(): void {
    this.calls.push('reportHalt');
  }

  #call<Value>(name: Called): Promise<Value> {
    this.calls.push(name);
    return new Promise((resolve) => this.#open.set(name, (value) => resolve(value as Value)));
  }
}
