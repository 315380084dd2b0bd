import type { FastifyInstance } from 'fastify';
import type { DataChannelRouter } from 'sluice';

/** Liveness and readiness of a router, as a Fastify application answers them. */
export function serveProbes(app: FastifyInstance, router: DataChannelRouter): void {
  for (const probe of ['live', 'ready'] as const) {
    app.get(`/${probe}`, (_request, reply) => {
      const health = router.health();
      return reply.code(health[probe] ? 200 : 503).send(health);
    });
  }
}
