import { errorText } from '../core/error-text.ts';
import type { IncidentEnd, IncidentHeader, IncidentRecord } from './record.ts';

const READINGS_PER_LINE = 50;

/** The lines of a file, each with its line break; readings of the clock in a row share one. */
export function* linesOf(
  header: IncidentHeader,
  records: readonly IncidentRecord[],
  end: IncidentEnd,
): Generator<string> {
  yield `${toText(header)}\n`;
  let readings: number[] = [];
  for (const [index, record] of records.entries()) {
    const step = header.first + index;
    if (record.is !== 'now') yield `${toText({ step, ...plainRecord(record) })}\n`;
    else if (readings.push(record.at) === READINGS_PER_LINE || records[index + 1]?.is !== 'now') {
      yield `${toText({ step: step + 1 - readings.length, is: 'now', at: readings })}\n`;
      readings = [];
    }
  }
  yield `${toText(end)}\n`;
}

/** An object as JSON can hold it. What it cannot is told as `$…`, so that whoever reads the file sees it. */
export function toText(value: object): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return { $bigint: String(inner) };
    return typeof inner === 'function' || typeof inner === 'symbol' ? { $unreadable: typeof inner } : inner;
  });
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

/** A record whose fields of the host's, one by one, are what `toText` can write: none of them may cost the whole file. */
export function plainRecord(record: IncidentRecord): object {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, plainField(key, value)]));
}

function plainField(key: string, value: unknown): unknown {
  if (key === 'error') return plainError(value);
  if (key === 'args' && Array.isArray(value)) return value.map(readable);
  return key === 'message' || key === 'payload' ? readable(value) : value;
}

function readable(value: unknown): unknown {
  if (value === undefined) return { $undefined: true };
  try {
    toText({ value });
    return value;
  } catch (error) {
    return { $unreadable: errorText(error) };
  }
}

/** The parts of an error that are read: its text, and its advice about another attempt. */
function plainError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return { thrown: String(error) };
  try {
    const { name, message, retryable, retryAfterMs } = error as Readonly<Record<string, unknown>>;
    return readable({ name, text: message, retryable, retryAfterMs });
  } catch {
    return { thrown: 'an error that throws when it is read' };
  }
}
