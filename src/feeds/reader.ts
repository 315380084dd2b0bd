import { errorText } from '../core/error-text.ts';
import type { FeedMetrics } from '../core/supervised-feed.ts';
import type { Answer, FeedProfile } from './profile.ts';

/** Who hears what a reader made of a frame. */
export interface Hearer {
  answered(answer: Answer): void;
  /** At least one message, in order. */
  came(messages: readonly unknown[], bytes: number): void;
  /** `sample`: how it begins. */
  garbage(why: string, sample: string): void;
}

export type ReaderCounts = Pick<FeedMetrics, 'frames' | 'bytes' | 'control' | 'garbage'>;

const SAMPLE_MAX = 200;

/** Parses what comes, once, and tells messages, answers and garbage apart. */
export class Reader {
  readonly #profile: FeedProfile;
  readonly #hearer: Hearer;
  #frames = 0;
  #bytes = 0;
  #control = 0;
  #garbage = 0;

  constructor(profile: FeedProfile, hearer: Hearer) {
    this.#profile = profile;
    this.#hearer = hearer;
  }

  get counts(): ReaderCounts {
    return { frames: this.#frames, bytes: this.#bytes, control: this.#control, garbage: this.#garbage };
  }

  text(text: string, bytes: number): void {
    this.#frames += 1;
    this.#bytes += bytes;
    let frame: unknown;
    try {
      frame = JSON.parse(text);
    } catch {
      const what = /^\s*</.test(text) ? 'a page of HTML, as a proxy sends it' : 'no JSON, or half of it';
      return this.#waste(what, text);
    }
    const messages: unknown[] = [];
    if (Array.isArray(frame) && frame.every(isRecord)) for (const element of frame) this.#read(element, messages, text);
    else this.#read(frame, messages, text);
    if (messages.length > 0) this.#hearer.came(messages, bytes);
  }

  binary(bytes: Uint8Array): void {
    this.#frames += 1;
    this.#bytes += bytes.length;
    this.#waste('bytes where text is due', Buffer.from(bytes.subarray(0, SAMPLE_MAX / 2)).toString('hex'));
  }

  /** Answers are told at once, so that those of one frame are heard in order. */
  #read(element: unknown, messages: unknown[], text: string): void {
    try {
      if (!isRecord(element)) return this.#waste('JSON that is no message', text);
      const answer = this.#profile.answer(element);
      if (answer !== undefined) {
        this.#control += 1;
        return this.#hearer.answered(answer);
      }
      const inside = this.#profile.unwrap === undefined ? element : this.#profile.unwrap(element);
      for (const message of Array.isArray(inside) ? inside : [inside])
        if (isRecord(message)) messages.push(message);
        else this.#waste('an envelope without a message', text);
    } catch (error) {
      this.#waste(`a message that the profile cannot read: ${errorText(error)}`, text);
    }
  }

  #waste(why: string, text: string): void {
    this.#garbage += 1;
    this.#hearer.garbage(why, text.slice(0, SAMPLE_MAX));
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
