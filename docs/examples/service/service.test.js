/** The service as a process, beside an exchange and a receiver on this computer: killed under load, started again, stopped. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { readFrames } from 'sluice/journal';
import { WebSocketServer } from 'ws';

const PORT = await freePort();
const base = `http://127.0.0.1:${PORT}`;
let data = '';
const children = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** Counts its trades on and on, whoever listens. */
async function openExchange() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  let last = 0;
  const send = (stream, message) => {
    for (const client of server.clients)
      if (client.isSubscribed) client.send(JSON.stringify({ stream: `btcusdt@${stream}`, data: message }));
  };
  server.on('connection', (socket) =>
    socket.on('message', (text) => {
      const { id, method } = JSON.parse(text);
      socket.send(JSON.stringify({ result: null, id }));
      socket.isSubscribed ||= method === 'SUBSCRIBE';
    }),
  );
  const timer = setInterval(() => {
    for (const end = last + 20; last < end; ) {
      last += 1;
      send('trade', { e: 'trade', E: Date.now(), s: 'BTCUSDT', t: last, p: '1', q: '2' });
    }
    send('kline_1m', { e: 'kline', E: Date.now(), s: 'BTCUSDT', k: { c: String(last) } });
    send('markPrice@1s', { e: 'markPriceUpdate', E: Date.now(), s: 'BTCUSDT', p: '1' });
  }, 5);
  after(() => {
    clearInterval(timer);
    server.close();
  });
  return `ws://127.0.0.1:${server.address().port}`;
}

/** Is down at first. */
async function openReceiver() {
  const bars = [];
  let refused = 0;
  const server = createServer(async (request, response) => {
    const batch = await json(request);
    const isDown = refused < 3;
    if (isDown) refused += 1;
    else bars.push(...batch);
    response.writeHead(isDown ? 503 : 200).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  after(() => server.close());
  return { bars, url: `http://127.0.0.1:${server.address().port}/bars` };
}

async function until(holds) {
  for (let n = 0; n < 600; n += 1) {
    if (await holds()) return;
    await delay(50);
  }
  assert.fail(`not within 30 s: ${holds}`);
}

async function start(env) {
  const child = spawn(process.execPath, ['service.js'], {
    cwd: import.meta.dirname,
    env: { ...process.env, DATA: data, PORT, LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  await until(async () => (await fetch(`${base}/ready`).catch(() => ({ ok: false }))).ok);
  return child;
}

async function idsInFile() {
  const text = await readFile(join(data, 'trades.ndjson'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).t);
}

/** Kills the service under load, starts it again and stops it. */
async function live(env, idsStored) {
  data = await mkdtemp(join(tmpdir(), 'service-'));
  const { bars, url } = await openReceiver();
  const own = { ...env, FEED_URL: await openExchange(), BARS_URL: url };
  const first = await start(own);
  await until(async () => (await idsStored()).length > 1_000);
  first.kill('SIGKILL');
  await once(first, 'exit');

  const ofJournal = [];
  for await (const frame of await readFrames(join(data, 'journal')))
    for (const message of frame.messages()) if (message.e === 'trade') ofJournal.push(message.t);
  const before = (await idsStored()).length;

  const second = await start(own);
  await until(async () => (await idsStored()).length > before + 1_000);
  await until(() => bars.length > 100);
  const metrics = await (await fetch(`${base}/metrics`)).text();
  assert.match(metrics, /sluice_feed_state\{feed="binance",state="streaming"\} 1/);
  assert.match(metrics, /sluice_router_conserved 1/);
  assert.match(await (await fetch(`${base}/explain/binance`)).text(), /^Feed binance streams: \d+ messages so far\./);
  second.kill('SIGTERM');
  assert.deepEqual(await once(second, 'exit'), [0, null]);

  const ids = [...new Set(await idsStored())].sort((a, b) => a - b);
  const holes = ids.flatMap((id, at) => (at > 0 && id !== ids[at - 1] + 1 ? [ids[at - 1]] : []));
  assert.deepEqual(
    ofJournal.filter((id) => !ids.includes(id)),
    [],
  );
  // What came while nobody was connected, after the last trade that was on disk.
  assert.equal(holes.length, 1);
  assert.ok(holes[0] >= Math.max(0, ...ofJournal));
  await rm(data, { recursive: true });
}

test('nothing that the journal has is skipped, and SIGTERM ends it in order', { timeout: 120_000 }, () =>
  live({ DATABASE_URL: undefined }, idsInFile),
);

// Not the variable of the service: the tables are made anew.
const { TEST_DATABASE_URL: DATABASE_URL } = process.env;
const skip = DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set';
test('in PostgreSQL each trade of the journal counts once', { skip, timeout: 120_000 }, async () => {
  const pool = new pg.Pool({ connectionString: DATABASE_URL });
  const rowsOf = async (query) => (await pool.query(query).catch(() => ({ rows: [] }))).rows;
  await pool.query('drop table if exists trades, totals, positions');
  await live({ DATABASE_URL }, async () => (await rowsOf('select id from trades')).map(({ id }) => Number(id)));
  const [{ count }] = await rowsOf('select count(*) from trades');
  assert.deepEqual(await rowsOf('select * from totals'), [{ symbol: 'BTCUSDT', trades: count }]);
  await pool.end();
});
