import { errorText } from '../core/error-text.ts';
import type { FeedMetrics } from '../core/supervised-feed.ts';
import type { Answer, FeedProfile } from './profile.ts';

/** Who hears what a reader made of a frame. */
export interface Hearer {
  answered(answer: Answer): void;
  /** At least one message, in order. */
  came(messages: readonly unknown[], bytes: number): void;
  /** Nobody wants messages with this in the field that tells them apart. */
  isUnwanted(type: string): boolean;
  /** A message of that kind came, and was not parsed. */
  skipped(): void;
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
    if (this.#isUnwanted(text)) return this.#hearer.skipped();
    let frame: unknown;
    try {
      frame = JSON.parse(text);
    } catch {
      const what = /^\s*</.test(text) ? 'a page of HTML, as a proxy sends it' : 'no JSON, or half of it';
      return this.#waste(what, text);
    }
    if (isListOfRecords(frame)) return this.#came(this.#listed(frame, text), bytes);
    const inside = this.#inside(frame, text);
    if (inside !== undefined) this.#came(Array.isArray(inside) ? inside : [inside], bytes);
  }

  binary(bytes: Uint8Array): void {
    this.#frames += 1;
    this.#bytes += bytes.length;
    this.#waste('bytes where text is due', Buffer.from(bytes.subarray(0, SAMPLE_MAX / 2)).toString('hex'));
  }

  /** Its type is known without parsing, and nobody wants it. */
  #isUnwanted(text: string): boolean {
    if (this.#profile.peek === undefined) return false;
    try {
      const type = this.#profile.peek(text);
      return type !== undefined && this.#hearer.isUnwanted(type);
    } catch {
      return false;
    }
  }

  #came(messages: readonly unknown[], bytes: number): void {
    if (messages.length > 0) this.#hearer.came(messages, bytes);
  }

  /** The messages of a list: the list itself if it holds nothing else, so that nothing is copied. */
  #listed(frame: readonly unknown[], text: string): readonly unknown[] {
    let kept: unknown[] | undefined;
    for (let at = 0; at < frame.length; at += 1) {
      const element = frame[at];
      const inside = this.#inside(element, text);
      if (inside === element) kept?.push(element);
      else {
        kept ??= frame.slice(0, at);
        const found = Array.isArray(inside) ? inside : inside === undefined ? [] : [inside];
        for (const message of found) kept.push(message);
      }
    }
    return kept ?? frame;
  }

  /**
   * The message of an element, or a list of those in its envelope; undefined: there is none. Answers are told at once, so
   * that those of one frame are heard in order.
   */
  #inside(element: unknown, text: string): unknown {
    try {
      if (!isRecord(element)) return this.#waste('JSON that is no message', text);
      const answer = this.#profile.answer(element);
      if (answer !== undefined) {
        this.#control += 1;
        return this.#hearer.answered(answer);
      }
      if (this.#profile.unwrap === undefined) return element;
      const inside = this.#profile.unwrap(element);
      if (isRecord(inside) || isListOfRecords(inside)) return inside;
      const messages = Array.isArray(inside) ? inside.filter(isRecord) : [];
      const wasted = Array.isArray(inside) ? inside.length - messages.length : 1;
      for (let n = 0; n < wasted; n += 1) this.#waste('an envelope without a message', text);
      return messages;
    } catch (error) {
      this.#waste(`a message that the profile cannot read: ${errorText(error)}`, text);
      return undefined;
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

function isListOfRecords(value: unknown): value is readonly unknown[] {
  if (!Array.isArray(value)) return false;
  for (const element of value) if (!isRecord(element)) return false;
  return true;
}
