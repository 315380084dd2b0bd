// How fast /metrics and /health answer while the main thread spins in a handler. Needs `npm run build`.
// Usage: node test/bench/out-of-band.mjs [spinMs=5000]
import { Worker } from 'node:worker_threads';
import { createRouter, ProcessingChannel } from '../../dist/src/index.js';
import { startMetricsThread } from '../../dist/src/inspector/thread.js';

const BUDGET_MS = 50;
const spinMs = Number(process.argv[2] ?? 5_000);

/** Asks all the time from a thread of its own, and tells each answer with how long it took. */
const ASKER = `
  const { get } = require('node:http');
  const { workerData: { url, token, forMs }, parentPort } = require('node:worker_threads');
  const ask = (path) => new Promise((resolve, reject) => {
    get(url + path + '?token=' + token, (response) => {
      let body = '';
      response.on('data', (chunk) => { body += chunk; }).on('end', () => resolve({ status: response.statusCode, body }));
    }).on('error', reject);
  });
  (async () => {
    const answers = [];
    // As a Prometheus that has scraped before.
    for (const path of ['/health', '/metrics']) await ask(path);
    parentPort.postMessage('ready');
    for (const end = performance.now() + forMs; performance.now() < end; ) {
      for (const path of ['/health', '/metrics']) {
        const askedAt = performance.now();
        const { status, body } = await ask(path);
        answers.push({ path, ms: performance.now() - askedAt, status, body });
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    parentPort.postMessage(answers);
  })();
`;

class Spinning extends ProcessingChannel {
  process() {
    for (const end = performance.now() + spinMs; performance.now() < end; );
  }
}

const router = createRouter({ channels: { tick: () => new Spinning() } });
await router.start();
const token = 'bench';
const thread = await startMetricsThread(router, { token });
const forMs = spinMs * 0.9;
const asker = new Worker(ASKER, { eval: true, workerData: { url: thread.url, token, forMs } });
const next = () => new Promise((resolve, reject) => asker.once('message', resolve).once('error', reject));
await next();
const answers = next();
const startedAt = performance.now();
router.route({ ev: 'T', sym: 'A', p: 1, t: 0 });
await new Promise((resolve) => setImmediate(resolve));
const blockedMs = performance.now() - startedAt;
const all = await answers;
await router.stop();

const print = (line) => process.stdout.write(`${line}\n`);
print(`The main thread was blocked for ${Math.round(blockedMs)} ms.`);
let isWithin = true;
for (const path of ['/health', '/metrics']) {
  const its = all.filter((answer) => answer.path === path);
  const times = its.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(1);
  print(`${path}: ${times.length} answers, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, slowest ${at(1)} ms`);
  isWithin &&= times.at(-1) < BUDGET_MS;
}
const last = all.filter(({ path }) => path === '/health').at(-1);
print(`The last health, ${last.status}: ${JSON.parse(last.body).mainThread.text}`);
print(isWithin ? `All within ${BUDGET_MS} ms.` : `NOT all within ${BUDGET_MS} ms.`);
process.exitCode = isWithin ? 0 : 1;
