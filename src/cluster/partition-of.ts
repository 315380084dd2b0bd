const encoder = new TextEncoder();

/**
 * The partition of a key: FNV-1a of 32 bits over UTF-8, modulo the number of partitions, as in the function
 * `partition()` of nats-server. Source: Fowler, Noll, Vo; http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function partitionOf(key: string, partitions: number): number {
  return fnv1a(key) % partitions;
}

export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
