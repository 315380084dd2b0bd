// The process with the feed: it publishes, and waits for the broker. Here it makes up its ticks.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { createNatsPublisher } from 'sluice/nats';
import { layout, servers } from './layout.js';

const connection = await connect({ servers, maxReconnectAttempts: -1, waitOnFirstConnect: true });
const publisher = createNatsPublisher({ connection, ...layout, key: ({ sym }) => sym });
const symbols = Array.from({ length: 100 }, (_, n) => `SYM${n}`);
let isOver = false;
process.once('SIGTERM', () => {
  isOver = true;
});
for (let n = 0; !isOver; n++) {
  const kept = publisher.publish(symbols.map((sym) => ({ ev: 'T', sym, p: 100 + Math.random(), n })));
  // When the broker is away or full, reading the feed stops here.
  if (publisher.waiting > 50_000) await kept;
  await sleep(100);
}
await publisher.close(5_000);
await connection.close();
