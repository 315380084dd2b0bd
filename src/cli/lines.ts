import { isUtf8 } from 'node:buffer';

/** A longer line is malformed, so that input without line ends cannot fill the memory. */
export const LINE_BYTES_MAX = 1_048_576;

/** A line of input: its text, or why it has none. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly problem: string };

const NEWLINE = 10;

/** Cuts bytes into lines, whatever the chunks they arrive in. */
export class LineSplitter {
  #pieces: Buffer[] = [];
  #lengthBytes = 0;
  #number = 0;

  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** The last line, if the input did not end with a line end. */
  end(): Line[] {
    return this.#lengthBytes > 0 ? [this.#take()] : [];
  }

  #keep(piece: Buffer): void {
    this.#lengthBytes += piece.length;
    if (this.#lengthBytes > LINE_BYTES_MAX) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  #take(): Line {
    const [first, ...rest] = this.#pieces;
    const bytes = first === undefined ? Buffer.alloc(0) : rest.length === 0 ? first : Buffer.concat([first, ...rest]);
    const lengthBytes = this.#lengthBytes;
    this.#pieces = [];
    this.#lengthBytes = 0;
    this.#number += 1;
    if (lengthBytes > LINE_BYTES_MAX) return { number: this.#number, problem: `longer than ${LINE_BYTES_MAX} bytes` };
    if (!isUtf8(bytes)) return { number: this.#number, problem: 'not UTF-8' };
    return { number: this.#number, text: withoutMarks(bytes.toString()) };
  }
}

/** Without the carriage return of a Windows line, and without the byte-order mark of a Windows file, or of one behind it. */
function withoutMarks(text: string): string {
  const start = text.startsWith('\uFEFF') ? 1 : 0;
  return text.slice(start, text.endsWith('\r') ? -1 : undefined);
}
