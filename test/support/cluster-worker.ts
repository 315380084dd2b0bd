import { writeSync } from 'node:fs';
import { connect } from '@nats-io/transport-node';
import type { Assigned } from '../../src/core/source-port.ts';
import { natsSource } from '../../src/nats/index.ts';
import { redisSource } from '../../src/redis/index.ts';
import { ioredisTo } from './redis-server.ts';

/** A process that lives to be killed: it reads its share of a channel, says what it delivers, and commits. */
const [broker = '', port = '', channel = '', partitions = '', leaseMs = ''] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const stopped = new Map<Assigned, Promise<number | undefined>>();
const revoked = new WeakSet<Assigned>();

async function deliver(partition: Assigned): Promise<number | undefined> {
  let last: number | undefined;
  let committedAt = 0;
  while (!partition.lost.aborted && !revoked.has(partition)) {
    const frames = await partition.read({ frames: 100, bytes: 1e7 }, new AbortController().signal);
    for (const frame of frames) {
      if (frame.gap !== undefined) say(`gap ${frame.gap.from} ${frame.gap.to}`);
      for (const message of frame.messages()) say(`delivered ${partition.fence} ${JSON.stringify(message)}`);
      last = frame.position;
    }
    if (last === undefined || performance.now() - committedAt < 200) continue;
    committedAt = performance.now();
    await partition.commit(last, 1_000);
  }
  return last;
}

const layout = {
  ...{ channel, partitions: Number(partitions), leaseMs: Number(leaseMs) },
  onAlert: ({ text }: { readonly text: string }) => say(`alert ${text}`),
};
const { source, disconnect } = broker === 'nats' ? await onNats() : onRedis();
await source.start({
  assigned(partition) {
    say(`assigned ${partition.partition} ${partition.takeovers}`);
    stopped.set(partition, deliver(partition));
  },
  async revoke(partition, withinMs) {
    revoked.add(partition);
    await partition.release(await stopped.get(partition), withinMs);
    say(`released ${partition.partition}`);
  },
});
say('started');
process.once('SIGTERM', async () => {
  await source.close(2_000);
  await disconnect();
});

async function onNats() {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  return { source: natsSource({ connection, ...layout }), disconnect: () => connection.close() };
}

function onRedis() {
  const { send, close } = ioredisTo(Number(port));
  return { source: redisSource({ send, ...layout }), disconnect: async () => close() };
}
