import { BreakerClient } from '../../src/channel/breaker-client.ts';
import type { Breaker } from '../../src/core/breaker.ts';
import type { BreakerChange, BreakerUser } from '../../src/core/breaker-change.ts';
import { CallTimes } from '../../src/core/call-times.ts';

/** A call that is out, or was. */
export interface CallOut {
  readonly client: BreakerClient;
  readonly times: CallTimes;
}

/** A user of a breaker that makes as many calls at once as a test wants, and hears of every change. */
export class BreakerCallers implements BreakerUser {
  readonly callers: BreakerClient[] = [];
  readonly changes: BreakerChange[] = [];
  readonly #breaker: Breaker;
  readonly #clock: { readonly time: number };

  constructor(breaker: Breaker, clock: { readonly time: number }) {
    this.#breaker = breaker;
    this.#clock = clock;
    breaker.join(this);
  }

  /** A call goes out. */
  start(): CallOut {
    const times = new CallTimes();
    const client = new BreakerClient(this.#breaker, times);
    times.begin(this.#clock.time, this.#clock.time);
    this.callers.push(client);
    client.started();
    return { client, times };
  }

  succeed({ client, times }: CallOut, durationMs: number): void {
    times.end(times.startedAt + durationMs);
    client.succeeded();
  }

  fail({ client, times }: CallOut, durationMs: number): void {
    times.end(times.startedAt + durationMs);
    client.failed();
  }

  cancel({ client }: CallOut): void {
    client.canceled();
  }

  breakerChanged(change: BreakerChange): void {
    this.changes.push(change);
  }
}
