import type { AnyChannel } from '../channel/processing-channel.ts';
import { pause } from '../cluster/patience.ts';
import type { Clock } from '../core/clock.ts';
import { createRandom, type Random } from '../core/random.ts';
import type { ChannelSources, DataChannelRouter, RouterConfigInput } from '../index.ts';
import { fail, failOnly, type Reaction, refuse, reject, slow } from '../testing/reactions.ts';
import { createSink } from '../testing/sink.ts';

/** How often `--chaos` injected each fault. The numbers of the channels show what followed. */
export interface ChaosReport {
  readonly seed: number;
  readonly faults: Readonly<Record<string, number>>;
}

const OPERATIONS = ['pause', 'flush', 'trip', 'reset', 'restart', 'reconfigure'] as const;
type Operation = (typeof OPERATIONS)[number];
type Operated = Pick<DataChannelRouter, Operation | 'resume' | 'config' | 'metrics'>;

const OUTAGE_MS = 60;
/** The largest number of messages from one fault to the next. */
const GAP_MAX = 400;
/** All waits are short, so that a thousand faults take seconds. No channel is given up: the replay would wait for it. */
const SHORT = {
  timeoutMs: 20,
  processTimeoutMs: 40,
  abandonAfterMs: 20,
  retry: { delayMs: 5, delayMsMax: 20 },
  breaker: { minimumCalls: 5, slowCallMs: 10, coolDownMs: 10, coolDownMsMax: 50, probes: 2 },
  restart: { limit: 1_000, delayMs: 5, delayMsMax: 20 },
} as const;

/** What happens to a call with a message that causes the fault. A hanging call ends after it was abandoned. */
const CALL_FAULTS: Readonly<Record<string, Reaction>> = {
  throw: fail(),
  reject: reject(),
  poison: fail(new Error('poison')),
  refuse: refuse({ retryable: false }),
  name: failOnly(0),
  slow: slow(12),
  hang: slow(150),
  outage: fail(new Error('the sink is down')),
};
/** The faults that a message causes in each of its calls. */
const LASTING: readonly string[] = ['poison', 'refuse'];

/** Faults for a replay: in its sinks and by an operator. Which message brings which fault depends on the seed alone. */
export class Chaos {
  readonly #seed: number;
  readonly #clock: Clock;
  readonly #names: readonly string[];
  readonly #faults: Record<string, number> = {};
  readonly #unfinished: Promise<unknown>[] = [];

  constructor(seed: number, names: readonly string[], clock: Clock) {
    this.#seed = seed;
    this.#names = names;
    this.#clock = clock;
    for (const kind of [...Object.keys(CALL_FAULTS), ...OPERATIONS]) this.#faults[kind] = 0;
  }

  get overrides(): RouterConfigInput {
    return { channels: Object.fromEntries(this.#names.map((name) => [name, SHORT])) };
  }

  get report(): ChaosReport {
    return { seed: this.#seed, faults: this.#faults };
  }

  /** The same channels, each behind a scripted sink. */
  disturb<Channels extends ChannelSources>(channels: Channels): Channels {
    const disturbed = Object.entries(channels).map(([name, source], index) => {
      const otherwise = this.#faulty(createRandom(this.#seed + index));
      return [name, createSink<AnyChannel>(source, { otherwise, clock: this.#clock, callsMax: 1 }).channel];
    });
    // The instances are those of the same sources.
    return Object.fromEntries(disturbed) as Channels;
  }

  /** Passes the messages on; now and then an operator acts between two of them. */
  async *feed(batches: AsyncIterable<readonly unknown[]>, router: Operated): AsyncGenerator<readonly unknown[]> {
    const random = createRandom(this.#seed - 1);
    const next = dealer(OPERATIONS, random);
    for await (const batch of batches) {
      let start = 0;
      for (let index = 0; index < batch.length; index += 1) {
        const operation = next();
        if (operation === undefined) continue;
        yield batch.slice(start, index);
        start = index;
        this.#operate(router, operation, this.#names[Math.floor(random() * this.#names.length)] ?? '');
      }
      yield batch.slice(start);
    }
  }

  /** Waits until pauses are over, configurations in force and channels up: a stop hands back what a failed one holds. */
  async finish(router: Operated): Promise<void> {
    await Promise.all(this.#unfinished);
    const states = () => Object.values(router.metrics().channels).map(({ state }) => state);
    while (states().some((state) => state === 'failed' || state === 'warming')) await pause(this.#clock, 5);
  }

  #operate(router: Operated, kind: Operation, name: string): void {
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
    if (kind !== 'reconfigure') router[kind](name);
    if (kind === 'pause') this.#unfinished.push(pause(this.#clock, 20).then(() => router.resume(name)));
    if (kind !== 'reconfigure') return;
    const { channels } = router.config;
    const batchSize = channels[name]?.batchSize === 50 ? 20 : 50;
    const reload = router.reconfigure({ channels: { ...channels, [name]: { ...channels[name], batchSize } } });
    this.#unfinished.push(reload.catch(() => {}));
  }

  #faulty(random: Random): Reaction {
    const next = dealer(Object.keys(CALL_FAULTS), random);
    /** By message: the fault that it causes in its next call. */
    const brings = new WeakMap<object, string>();
    let downUntilMs = 0;
    return (call) => {
      let fault = call.clock.now() < downUntilMs ? 'outage' : '';
      // The payloads of the example channels are objects.
      for (const message of call.batch as readonly object[]) {
        const kind = brings.get(message) ?? next() ?? '';
        if (kind !== '' && !brings.has(message)) this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
        brings.set(message, LASTING.includes(kind) ? kind : '');
        if (kind === 'outage') downUntilMs = call.clock.now() + OUTAGE_MS;
        if (fault !== 'outage' && kind !== '') fault = kind;
      }
      return CALL_FAULTS[fault]?.(call);
    };
  }
}

/** Deals kinds like cards, so that all come equally often. Most calls return none. */
function dealer<Kind extends string>(kinds: readonly Kind[], random: Random): () => Kind | undefined {
  let cards: Kind[] = [];
  let left = Math.ceil(random() * GAP_MAX);
  return () => {
    left -= 1;
    if (left > 0) return undefined;
    left = Math.ceil(random() * GAP_MAX);
    if (cards.length === 0) cards = [...kinds];
    return cards.splice(Math.floor(random() * cards.length), 1)[0];
  };
}
