import type { Clock } from '../core/clock.ts';
import type { DataChannelRouter, RouterConfigInput } from '../index.ts';
import type { OutsideFault } from './chaos-plan.ts';

type ChannelInput = NonNullable<RouterConfigInput['channels']>[string];
/** What an operator can reach of a router, whatever its channels emit. */
export type Operated = Pick<
  DataChannelRouter,
  'config' | 'pause' | 'resume' | 'flush' | 'trip' | 'reset' | 'restart' | 'reconfigure' | 'metrics'
>;

const PAUSE_MS_MAX = 30;
const LOOK_MS = 5;
const STARTING: ReadonlySet<string> = new Set(['failed', 'warming']);

/** An operator who does at random what operators do. */
export class ChaosOperator {
  readonly #router: Operated;
  readonly #clock: Clock;
  /** The configuration wanted, also while the router still works on it. */
  #channels: Readonly<Record<string, ChannelInput>>;
  readonly #unfinished = new Set<Promise<unknown>>();

  constructor(router: Operated, clock: Clock) {
    this.#router = router;
    this.#clock = clock;
    this.#channels = router.config.channels;
  }

  act(kind: Exclude<OutsideFault, 'listener'>, channel: string, severity: number): void {
    if (kind === 'pause') this.#pause(channel, severity);
    else if (kind === 'reconfigure') this.#reconfigure(channel, severity);
    else if (kind === 'misconfigure') this.#submit({ ...this.#channels, [channel]: { batchSize: 0 } });
    else this.#router[kind === 'warm-up' ? 'restart' : kind](channel);
  }

  /** Waits until pauses are over, configurations in force and channels up: a stop hands back what a failed one holds. */
  async finish(): Promise<void> {
    await Promise.all(this.#unfinished);
    while (Object.values(this.#router.metrics().channels).some(({ state }) => STARTING.has(state))) {
      await new Promise<void>((resolve) => {
        this.#clock.setTimeout(resolve, LOOK_MS);
      });
    }
  }

  #pause(channel: string, severity: number): void {
    this.#router.pause(channel);
    // By time, unlike all else: behind a paused channel the feed waits too, so that no message would come to count.
    const pause = new Promise<void>((resolve) => {
      this.#clock.setTimeout(resolve, severity * PAUSE_MS_MAX);
    });
    this.#await(pause.then(() => this.#router.resume(channel)));
  }

  #reconfigure(channel: string, severity: number): void {
    const changes = [
      { batchSize: Math.ceil(severity * 200) || 1 },
      { timeoutMs: Math.ceil(severity * 40) || 1 },
      { partitions: Math.ceil(severity * 4) || 1 },
    ];
    const change = changes[Math.floor(severity * 1_000) % changes.length];
    this.#channels = { ...this.#channels, [channel]: { ...this.#channels[channel], ...change } };
    this.#submit(this.#channels);
  }

  /** What becomes of it is told as `config.applied` or `config.rejected`. */
  #submit(channels: Readonly<Record<string, ChannelInput>>): void {
    const reload = this.#router.reconfigure({ router: this.#router.config.router, channels });
    this.#await(reload.catch(() => {}));
  }

  #await(work: Promise<unknown>): void {
    this.#unfinished.add(work);
    void work.then(() => this.#unfinished.delete(work));
  }
}
