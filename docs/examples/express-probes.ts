import type { Express } from 'express';
import type { DataChannelRouter } from 'sluice';

/** Liveness and readiness of a router, as an Express application answers them. */
export function serveProbes(app: Express, router: DataChannelRouter): void {
  for (const probe of ['live', 'ready'] as const) {
    app.get(`/${probe}`, (_request, response) => {
      const health = router.health();
      response.status(health[probe] ? 200 : 503).json(health);
    });
  }
}
