/** From the socket of an exchange to a journal on disk, to three channels, to PostgreSQL, files and an HTTP sink. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import Fastify from 'fastify';
import pg from 'pg';
import { createRouter } from 'sluice';
import { binance, createFeed } from 'sluice/feeds';
import { openJournal } from 'sluice/journal';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from 'sluice/metrics';
import { insertInto } from './postgres.js';
import { appendTo, postTo } from './sinks.js';

const { BARS_URL, DATA = './data', DATABASE_URL, FEED_URL, HOST = '127.0.0.1', PORT = '8080' } = env;
const { SUBSCRIBE = 'btcusdt@trade,btcusdt@kline_1m,btcusdt@markPrice@1s' } = env;

await mkdir(DATA, { recursive: true });
const app = Fastify({ logger: { level: env.LOG_LEVEL ?? 'info' } });
const journal = await openJournal(join(DATA, 'journal'));
const profile = binance('usd-futures');
const pool = DATABASE_URL === undefined ? undefined : new pg.Pool({ connectionString: DATABASE_URL, max: 2 });
// A connection that breaks off while nobody uses it; the next batch opens another one.
pool?.on('error', (error) => app.log.warn(error));

const router = createRouter({
  channels: {
    tick: pool === undefined ? appendTo(join(DATA, 'trades.ndjson')) : insertInto(pool),
    ohlcv: BARS_URL === undefined ? appendTo(join(DATA, 'bars.ndjson')) : postTo(BARS_URL),
    fmv: appendTo(join(DATA, 'prices.ndjson')),
  },
  // The journal keeps the messages as they came, so the router tells them apart as the profile does.
  recognize: profile.recognize,
  config: { channels: { tick: { batchSize: 500 } } },
  sources: { journal: journal.source },
  deadLetters: { store: journal.letters },
  logger: app.log,
});
router.feeds.add(
  createFeed({
    name: 'binance',
    profile,
    url: FEED_URL ?? profile.url,
    subscribe: SUBSCRIBE.split(','),
    to: journal,
  }),
);

for (const probe of ['live', 'ready']) {
  app.get(`/${probe}`, (_request, reply) => {
    const health = router.health();
    return reply.code(health[probe] ? 200 : 503).send(health);
  });
}
app.get('/metrics', (_request, reply) => reply.type(PROMETHEUS_CONTENT_TYPE).send(prometheusText(router)));
app.get('/explain/:name', (request) => router.explain(request.params.name).sentence);

let isStopping = false;
async function stop(exitCode) {
  if (isStopping) return;
  isStopping = true;
  // Feeds end first, then the journal is no longer read, then the channels deliver what they have.
  const { channels, onTime } = await router.stop({ deadlineMs: 20_000 });
  await journal.close();
  await pool?.end();
  await app.close();
  app.log.info({ onTime, delivered: Object.values(channels).map(({ delivered }) => delivered) }, 'stopped');
  process.exitCode = exitCode;
}
process.once('SIGTERM', () => stop(0));
process.once('SIGINT', () => stop(0));
journal.ended.addEventListener('abort', () => stop(1));

await router.start();
await app.listen({ host: HOST, port: Number(PORT) });
