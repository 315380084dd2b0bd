// What the feed and the workers have to agree on. The number of partitions is fixed: see docs/guides/scaling.md.
export const layout = { channel: 'ticks', partitions: 16, replicas: Number(process.env.REPLICAS ?? 1) };
export const servers = (process.env.NATS ?? 'localhost:4222').split(',');
