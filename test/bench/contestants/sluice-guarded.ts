import type { Open } from '../contestant.ts';
import { createLanesRouter, intakeOf } from './sluice.ts';

/** sluice with its own retry and breaker; a failed batch comes again at once, as with every other contestant. */
export const open: Open = async (lanes) => {
  const router = createLanesRouter(lanes, { retry: { delayMs: 0 } });
  await router.start();
  return intakeOf(router);
};
