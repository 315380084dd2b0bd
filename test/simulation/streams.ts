import type { RouterMetrics } from '../../src/index.ts';
import type { SimulatedMessage } from './account.ts';
import type { World } from './world.ts';

/** How much later than it could a stream may take its next message, in ms; whether it can is seen at each look only. */
const LATE_MS = 500;

/** A stream of messages for all channels, on its way into a router. */
export class Stream {
  readonly everyMs: number;
  readonly #world: World;
  readonly #pulled: SimulatedMessage[] = [];
  #left: number;
  #mayGoOnAt: number;
  #isOver = false;
  #isMixed = true;

  constructor(world: World, count: number, everyMs: number) {
    this.everyMs = everyMs;
    this.#world = world;
    this.#left = count;
    this.#mayGoOnAt = world.clock.now();
  }

  /** Brings everything in, through `consume`. */
  async consume(): Promise<void> {
    try {
      const { accepted, rejected, returnedMessages = [] } = await this.#world.router.consume(this.#messages());
      // Of those that `stop` rejected both is true.
      const told = accepted + rejected;
      if (told > this.#pulled.length || told + returnedMessages.length < this.#pulled.length)
        this.#violated(
          `of ${this.#pulled.length}: ${accepted} accepted, ${rejected} rejected, ${returnedMessages.length} back`,
        );
      const { everyAccount, isDead } = this.#world;
      if (isDead) return;
      const isIn = ({ n }: SimulatedMessage): boolean =>
        [...everyAccount].some(({ fates }) => fates.get(n)?.isAccepted);
      const taken = this.#pulled.filter(isIn).length;
      if (taken !== accepted) this.#violated(`${accepted} are said to be accepted, ${taken} are`);
    } finally {
      this.#isOver = true;
    }
  }

  /** The same, through `writable`. */
  async write(): Promise<void> {
    const writable = this.#world.router.writable();
    try {
      for await (const message of this.#messages())
        await new Promise<void>((resolve, reject) => {
          writable.write(message, (error) => (error ? reject(error) : resolve()));
        });
      await new Promise<void>((resolve, reject) => {
        writable.once('error', reject);
        writable.end(resolve);
      });
    } finally {
      this.#isOver = true;
    }
  }

  /** It waits only while more wait for a channel than may; what is for the others passes. */
  check({ channels }: RouterMetrics): readonly string[] {
    const { clock, jumpedAt, router, wasBusy } = this.#world;
    const now = clock.now();
    const mayWait = Object.entries(channels).some(([name, { waitingOffers }]) => {
      return waitingOffers > (router.config.channels[name]?.waitingMax ?? 0);
    });
    const types = new Set(Object.values(router.config.channels).map(({ dataType }) => dataType));
    // While all is of one data type, a stream waits for each answer: nothing could pass.
    this.#isMixed &&= types.size > 1;
    if (mayWait) this.#mayGoOnAt = now;
    const lateMs = now - Math.max(this.#mayGoOnAt, jumpedAt) - this.everyMs;
    if (!this.#isMixed || this.#isOver || this.#left === 0 || lateMs <= LATE_MS || wasBusy) return [];
    return [`it has ${this.#left} messages left and waits ${lateMs} ms, and no channel is full`];
  }

  async *#messages(): AsyncGenerator<SimulatedMessage> {
    const { clock } = this.#world;
    while (this.#left > 0 && !this.#world.isDead) {
      if (this.everyMs > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, this.everyMs));
      this.#left -= 1;
      this.#mayGoOnAt = clock.now();
      const message = this.#world.messageForAny();
      this.#pulled.push(message);
      yield message;
    }
  }

  #violated(text: string): void {
    this.#world.record.violated('streams', text);
  }
}
