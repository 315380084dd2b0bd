/** Of a longer list so many items, spread over it, stand for all. */
const ITEMS_MAX = 100;
/** So many values are looked into. */
const VALUES_MAX = 2_000;
/** What an object, or a reference to one, takes beside what it holds. */
const OBJECT_BYTES = 40;
const VALUE_BYTES = 8;

/** A value that is still to be measured, and how many it stands for. */
type Sample = readonly [value: unknown, weight: number];

/**
 * About how many bytes a value takes, strings counted by their characters. What is near the top is measured first, so that
 * a large part is not missed behind many small ones. Takes a bounded time, whatever the value is, and never throws.
 */
export function sizeOf(value: unknown): number {
  const seen = new Set<unknown>();
  const samples: Sample[] = [[value, 1]];
  let bytes = 0;
  for (let next = 0; next < samples.length; next += 1) {
    const [each, weight] = samples[next] as Sample;
    bytes += weight * ownBytesOf(each);
    if (typeof each !== 'object' || each === null || seen.has(each) || samples.length >= VALUES_MAX) continue;
    seen.add(each);
    addItems(samples, each, weight);
  }
  return Math.round(bytes);
}

function ownBytesOf(value: unknown): number {
  if (typeof value === 'string') return VALUE_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  try {
    return OBJECT_BYTES + (isBuffer(value) ? value.byteLength : 0);
  } catch {
    // Even to ask what it is runs code of a proxy.
    return OBJECT_BYTES;
  }
}

function addItems(samples: Sample[], value: object, weight: number): void {
  try {
    const items = itemsOf(value);
    const count = Math.min(items.length, ITEMS_MAX);
    for (let sample = 1; sample <= count; sample += 1) {
      const index = Math.floor((sample * items.length) / count) - 1;
      if (index in items) samples.push([items[index], (weight * items.length) / count]);
    }
  } catch {
    // What throws when it is read takes what an object takes.
  }
}

function itemsOf(value: object): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (isBuffer(value)) return [];
  // These fields are not listed with the others, which may be a whole request and its answer.
  if (value instanceof Error) {
    const errors = value instanceof AggregateError ? value.errors : undefined;
    return [value.message, value.stack, value.cause, errors, ...Object.values(value)];
  }
  if (value instanceof Map) return [...value.entries()];
  return value instanceof Set ? [...value] : Object.values(value);
}

function isBuffer(value: object): value is ArrayBufferView | ArrayBuffer | SharedArrayBuffer {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}
