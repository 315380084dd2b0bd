const encoder = new TextEncoder();
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * The partition of a key: FNV-1a of 32 bits over UTF-8, modulo the number of partitions, as in the function
 * `partition()` of nats-server. Source: Fowler, Noll, Vo; http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function partitionOf(key: string, partitions: number): number {
  const hash = hashOf(key);
  // V8 keeps 32 bits without a sign as a double, and the remainder of a double is slow.
  return (((hash >>> 1) % partitions) * 2 + (hash & 1)) % partitions;
}

export function fnv1a(text: string): number {
  return hashOf(text) >>> 0;
}

function hashOf(text: string): number {
  let hash = OFFSET_BASIS;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    // In UTF-8 it takes more than a byte.
    if (unit > 0x7f) return hashOfBytes(encoder.encode(text));
    hash = Math.imul(hash ^ unit, PRIME);
  }
  return hash;
}

function hashOfBytes(bytes: Uint8Array): number {
  let hash = OFFSET_BASIS;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash;
}
