import { once } from 'node:events';
import { connect } from '@nats-io/transport-node';
import { createRouter, defineChannel } from '../../src/index.ts';
import { runAsWorker } from '../../src/workers/index.ts';

/** A module of a host, as `sluice workers` runs it. Its argument says what is wrong with it. */
const [flaw = 'none', messages = '40'] = process.argv.slice(2);
if (flaw === 'fails') throw new Error('the broker is not there');
if (flaw === 'ends') process.exit(0);
// As a connection does, it keeps the process alive.
const connection = setInterval(() => {}, 1e6);
if (flaw === 'orphaned' && process.connected) await once(process, 'disconnect');
if (flaw === 'waits') await connect({ servers: '127.0.0.1:1', maxReconnectAttempts: -1, waitOnFirstConnect: true });

const Ticks = defineChannel({ process: () => new Promise<void>((resolve) => void setTimeout(resolve, 20)) });
const router = createRouter({ channels: { tick: Ticks }, config: { channels: { tick: { batchSize: 10 } } } });
await router.start();
for (let n = 0; n < Number(messages); n++) router.route({ n }, { dataType: 'tick' });

function close(): unknown {
  clearInterval(connection);
  if (flaw === 'late') process.exitCode = 3;
  return flaw === 'deaf' ? new Promise(() => {}) : undefined;
}

// It hears the first question before its answer is made.
if (flaw === 'stuck') process.on('message', () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
runAsWorker(router, { close });
// Something of the host, which is none of the workers' business.
if (process.connected) process.send?.('hello');
