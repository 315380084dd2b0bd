import type { Readable } from '../../src/metrics/reading.ts';

/** What metrics read of a router, and how often they did. */
export function countedRouter(router: Readable) {
  const metrics = (): ReturnType<Readable['metrics']> => {
    counted.reads += 1;
    return router.metrics();
  };
  const counted = {
    reads: 0,
    metrics,
    health: () => router.health(),
    alerts: router.alerts,
    channels: router.channels,
  };
  return counted;
}
