import { nextTurn, type Process } from '../contestant.ts';

const ATTEMPTS = 3;
const WINDOW = 20;

/** A guard as it is written inline: three attempts at once, and a breaker over the last twenty calls. */
export function guard(process: Process): Process {
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

/** Calls again at once what failed, twice at most. */
export function retrying(call: (batch: Parameters<Process>[0]) => Promise<unknown>): Process {
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
