import type { Clock } from '../core/clock.ts';

/**
 * Plans a repair after a stack overflow broke off whatever ran: on an empty stack, `repair` fails what is half done.
 * Returns a native function, which takes no frame: where the stack is used up, one of ours would overflow, too, and
 * nothing would be planned.
 */
export function planRepairs(clock: Clock, repair: () => void): () => void {
  let isPlanned = false;
  const plan = (): void => {
    if (isPlanned) return;
    clock.setImmediate(() => {
      isPlanned = false;
      repair();
    });
    isPlanned = true;
  };
  return Promise.prototype.then.bind(Promise.resolve(), plan);
}
