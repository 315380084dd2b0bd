import mitt, { type Emitter } from 'mitt';
import { contained } from '../core/contained.ts';
import type { FeedFacts } from '../core/feed-facts.ts';

// mitt describes itself to TypeScript as CommonJS although Node loads its ES module, whose default is the function.
const createEmitter = mitt as unknown as typeof mitt.default;

/** Publishes facts; what a listener throws is contained and counted, for it would end the process in a socket's event. */
export class FeedBus {
  readonly emitter: Emitter<FeedFacts> = createEmitter();
  faults = 0;

  fault(): void {
    this.faults += 1;
  }

  publish<Type extends keyof FeedFacts>(type: Type, fact: FeedFacts[Type]): void {
    const { all } = this.emitter;
    const failed = (): void => this.fault();
    // mitt keeps handlers by type, which a Map cannot express: those under `type` take its fact.
    const handlers = (all.get(type) ?? []) as ((fact: FeedFacts[Type]) => unknown)[];
    const observers = (all.get('*') ?? []) as ((type: Type, fact: FeedFacts[Type]) => unknown)[];
    for (const handler of [...handlers]) contained(handler, failed)(fact);
    for (const observer of [...observers]) contained(observer, failed)(type, fact);
  }
}
