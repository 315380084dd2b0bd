import { afterAll, beforeAll, describe, it } from 'vitest';
import { checkSource } from '../../src/testing/check-source.ts';
import { redisFeatures, redisRig } from '../support/redis-rig.ts';
import { nodeRedisTo, RedisServer, whyWithoutRedis } from '../support/redis-server.ts';

const missing = whyWithoutRedis();
let server: RedisServer;
let client: Awaited<ReturnType<typeof nodeRedisTo>>;
let channels = 0;

beforeAll(async () => {
  if (missing !== undefined) return;
  server = await RedisServer.start();
  client = await nodeRedisTo(server.port);
});
afterAll(async () => {
  client?.close();
  await server?.end();
});

describe.skipIf(missing)('the contract of a source holds for Redis by redis', () => {
  for (const { name, run } of checkSource(() => redisRig(client.send, `c${++channels}`), redisFeatures)) it(name, run);
});
