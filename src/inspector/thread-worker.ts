import { parentPort, workerData } from 'node:worker_threads';
import { createSystemClock } from '../adapters/system-clock.ts';
import { portOf } from './http.ts';
import type { Answer, Greeting, Question, ThreadData } from './thread-link.ts';
import { createThreadServer } from './thread-server.ts';
import { ThreadWatch } from './thread-watch.ts';

// The code of the thread itself: it runs when it is loaded, and only `startMetricsThread` loads it.
if (parentPort === null) throw new Error('thread-worker.ts is the code of a worker thread');
const main = parentPort;
const { first, ...service } = workerData as ThreadData;
const { host, labels, buckets, port, stuckAfterMs } = service;
const ask = (question: Question): void => main.postMessage(question);
const watch = new ThreadWatch(first, ask, createSystemClock(), stuckAfterMs, { labels, buckets });
main.on('message', (answer: Answer) => watch.hear(answer));

const greet = (greeting: Greeting): void => main.postMessage(greeting);
const server = createThreadServer(watch, service);
server.on('error', ({ message }) => greet({ error: message }));
server.listen(port, host, () => greet({ port: portOf(server) }));
