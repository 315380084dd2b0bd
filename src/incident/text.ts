import type { IncidentEnd, IncidentHeader, IncidentRecord } from './record.ts';

const READINGS_PER_LINE = 50;

/** The lines of a file, each with its line break; readings of the clock in a row share one. */
export function* linesOf(
  header: IncidentHeader,
  records: readonly IncidentRecord[],
  end: IncidentEnd,
): Generator<string> {
  yield `${toText(header)}\n`;
  for (let index = 0; index < records.length; ) {
    const readings: number[] = [];
    const step = header.first + index;
    for (let next = records[index]; next?.is === 'now' && readings.length < READINGS_PER_LINE; next = records[index]) {
      readings.push(next.at);
      index += 1;
    }
    if (readings.length > 0) yield `${toText({ step, is: 'now', at: readings })}\n`;
    else {
      yield `${toText({ step, ...records[index] })}\n`;
      index += 1;
    }
  }
  yield `${toText(end)}\n`;
}

/** A value as JSON can hold it. What it cannot is told as `$…`, so that whoever reads the file sees it. */
export function toText(value: unknown): string {
  try {
    return JSON.stringify(value, replace) ?? JSON.stringify({ $unreadable: typeof value });
  } catch (error) {
    return JSON.stringify({ $unreadable: String(error) });
  }
}

/** The value back; what could not be kept is an object without fields. */
export function fromText(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$bigint' in value) return BigInt(String(value.$bigint));
    if ('$undefined' in value) return undefined;
    return '$unreadable' in value ? {} : value;
  });
}

function replace(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value === 'function' || typeof value === 'symbol') return { $unreadable: typeof value };
  if (key === 'error') return errorToPlain(value);
  if (key === 'message' || key === 'payload') return payloadToPlain(value);
  return value;
}

/** One message that cannot be written may not cost the whole file. */
function payloadToPlain(value: unknown): unknown {
  if (value === undefined) return { $undefined: true };
  try {
    JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? 0 : inner));
    return value;
  } catch (error) {
    return { $unreadable: String(error) };
  }
}

/** The parts of an error that are read: its text, and its advice about another attempt. */
function errorToPlain(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return { thrown: error === undefined ? 'undefined' : String(error) };
  try {
    const { name, message, retryable, retryAfterMs } = error as Readonly<Record<string, unknown>>;
    return { name, text: message, retryable, retryAfterMs };
  } catch {
    return { thrown: 'an error that throws when it is read' };
  }
}
