import type { ReadRoom } from '../core/source-port.ts';
import type { JournalFrame } from './frame.ts';

/** The last frames written, kept for a reader that keeps up, so that it need not decode them. All are on disk too. */
export class LiveFrames {
  readonly #bytesMax: number;
  #frames: JournalFrame[] = [];
  #bytes = 0;
  #isOn = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Somebody begins or stops to read. */
  turn(isOn: boolean): void {
    this.#isOn = isOn;
    this.#frames = [];
    this.#bytes = 0;
  }

  /** A reader that is too far behind finds the oldest on disk. */
  add(frame: JournalFrame): void {
    if (!this.#isOn) return;
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
    if (this.#bytes > this.#bytesMax) this.turn(true);
  }

  /** From this position on, if it is here; those taken are not kept. */
  take(position: number, { frames: framesMax, bytes: bytesMax }: ReadRoom): readonly JournalFrame[] {
    const start = position - (this.#frames[0]?.position ?? Number.POSITIVE_INFINITY);
    if (start < 0) return [];
    let end = start;
    let bytes = 0;
    for (let frame = this.#frames[end]; frame !== undefined && end - start < framesMax; frame = this.#frames[end]) {
      if (end > start && bytes + frame.bytes.length > bytesMax) break;
      bytes += frame.bytes.length;
      end += 1;
    }
    const removed = this.#frames.splice(0, end);
    for (const frame of removed) this.#bytes -= frame.bytes.length;
    return removed.slice(start);
  }
}
