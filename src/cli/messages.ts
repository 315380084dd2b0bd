import { errorText } from '../core/error-text.ts';
import { listOf } from '../core/recognition.ts';
import { type Line, LineSplitter } from './lines.ts';

/** The place of a malformed line and the problem with it. */
export interface MalformedLine {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
}

/**
 * The messages in NDJSON bytes, a chunk at a time. A line is a message or a list of messages; malformed lines are
 * skipped and reported.
 */
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
      if ('value' in parsed) return listOf(parsed.value, true) ?? [parsed.value];
      onMalformed({ file, line: line.number, problem: parsed.problem });
      return [];
    });
  for await (const chunk of bytes) yield parse(splitter.push(chunk));
  yield parse(splitter.end());
}

function parseLine(text: string): { readonly value: unknown } | { readonly problem: string } {
  // They would be shown as nothing.
  if (text.includes('\0')) return { problem: 'it holds NUL bytes; UTF-8 is expected, not UTF-16' };
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch (error) {
    // The parser quotes the line, whose control characters must not reach the terminal.
    return { problem: `not JSON: ${errorText(error).replaceAll(/\p{C}/gu, '?').slice(0, 200)}` };
  }
}
