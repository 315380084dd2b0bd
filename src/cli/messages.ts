import { errorText } from '../core/error-text.ts';
import { type Line, LineSplitter } from './lines.ts';

/** Where a malformed line stands and what is wrong with it. */
export interface MalformedLine {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
}

/** The messages in NDJSON bytes, a chunk at a time; a line is a message or an array of messages. Malformed lines are told and skipped. */
export async function* readMessages(
  file: string,
  bytes: AsyncIterable<Buffer>,
  onMalformed: (malformed: MalformedLine) => void,
): AsyncGenerator<unknown[]> {
  const splitter = new LineSplitter();
  const parse = (lines: readonly Line[]): unknown[] =>
    lines.flatMap((line) => {
      if ('text' in line && line.text.trim() === '') return [];
      const parsed = 'text' in line ? parseLine(line.text) : line;
      // One level is flattened: an array inside an array is a message, if a strange one.
      if ('value' in parsed) return parsed.value;
      onMalformed({ file, line: line.number, problem: parsed.problem });
      return [];
    });
  for await (const chunk of bytes) yield parse(splitter.push(chunk));
  yield parse(splitter.end());
}

function parseLine(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch (error) {
    return { problem: `not JSON: ${printable(errorText(error))}` };
  }
}

/** The parser quotes the line; what would steer a terminal must not reach it. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?').slice(0, 200);
}
