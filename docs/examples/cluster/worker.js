// A worker: it reads its share of the partitions. `sluice workers 2 worker.js` runs two of them.
import { connect } from '@nats-io/transport-node';
import { createRouter, defineChannel } from 'sluice';
import { natsLetters, natsSource } from 'sluice/nats';
import { runAsWorker } from 'sluice/workers';
import { layout, servers } from './layout.js';

const say = ({ kind, text }) => void process.stderr.write(`${kind}: ${text}\n`);
const connection = await connect({ servers, maxReconnectAttempts: -1, waitOnFirstConnect: true });
const source = natsSource({ connection, ...layout, onAlert: say });
const Ticks = defineChannel({
  // Write to your sink here, and resolve when it has the batch.
  process: async (_batch) => {},
});
const router = createRouter({
  channels: { tick: Ticks },
  sources: { ticks: { source, dataType: 'tick' } },
  // In a stream that all processes share.
  deadLetters: { store: natsLetters({ connection, channel: layout.channel, replicas: layout.replicas }) },
});
await router.start();
runAsWorker(router, { close: () => connection.close() });
