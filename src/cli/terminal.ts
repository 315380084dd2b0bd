import type { Readable } from 'node:stream';
import { styleText } from 'node:util';
import type { Paint } from './channel-table.ts';

/** A stream people may be looking at. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The environment of the command, which tests replace. */
export interface Terminal {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where SIGINT, SIGTERM and SIGHUP arrive. */
  readonly signals: NodeJS.EventEmitter;
  /** Ends the process at once, for a second Ctrl-C. */
  exit(code: number): void;
}

/** Wide enough for every column if the output is not a terminal. */
const WIDTH_WITHOUT_TERMINAL = 160;

/** How many characters fit in a line. */
export function widthOf(output: Output): number {
  return output.columns || WIDTH_WITHOUT_TERMINAL;
}

/** Colors on a terminal, unless `NO_COLOR` asks for none (https://no-color.org). */
export function paintFor({ stdout, env }: Terminal): Paint {
  if (!stdout.isTTY || env.NO_COLOR || env.TERM === 'dumb') return (_color, text) => text;
  return (color, text) => styleText(color, text);
}
