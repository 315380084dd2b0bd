import { nextTurn, type Process } from '../contestant.ts';
import type { Message } from '../message.ts';

type Guard = (process: Process) => Process;

/** What watches over the calls of a contestant in W3, with the limits of sluice's breaker. */
export const guards: Readonly<Record<string, () => Promise<Guard>>> = {
  /** Written inline: three attempts at once, and a breaker over the last twenty calls. */
  hand: async () => guardByHand,
  /** Retry around a breaker, as its readme shows it. Its retry waits at least 1 ms, also with no backoff. */
  async cockatiel() {
    const { CountBreaker, circuitBreaker, handleAll, retry, wrap } = await import('cockatiel');
    return (process) => {
      const window = new CountBreaker({ threshold: 0.5, size: 20, minimumNumberOfCalls: 10 });
      const breaker = circuitBreaker(handleAll, { halfOpenAfter: 5_000, breaker: window });
      const policy = wrap(retry(handleAll, { maxAttempts: 3 }), breaker);
      return (batch) => policy.execute(async () => process(batch));
    };
  },
  /** With the options of its readme, inside a retry loop of the user's own, because it has none. */
  async opossum() {
    const { default: CircuitBreaker } = await import('opossum');
    return (process) => {
      const options = { timeout: 3_000, errorThresholdPercentage: 50, resetTimeout: 30_000 };
      const breaker = new CircuitBreaker(async (batch: readonly Message[]) => process(batch), options);
      return retrying((batch) => breaker.fire(batch));
    };
  },
};

const ATTEMPTS = 3;
const WINDOW = 20;

function guardByHand(process: Process): Process {
  const failed = new Uint8Array(WINDOW);
  let calls = 0;
  let failures = 0;
  const note = (outcome: 0 | 1): void => {
    const slot = calls % WINDOW;
    failures += outcome - (failed[slot] ?? 0);
    failed[slot] = outcome;
    calls += 1;
  };
  return retrying(async (batch) => {
    while (failures * 2 >= WINDOW) await nextTurn();
    try {
      await process(batch);
      note(0);
    } catch (error) {
      note(1);
      throw error;
    }
  });
}

/** Calls again at once when a call fails, twice at most. */
function retrying(call: (batch: readonly Message[]) => Promise<unknown>): Process {
  return async (batch) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await call(batch);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
    }
  };
}
