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

/** How much of a frame that holds no message an event shows, in characters. */
export const SAMPLE_MAX = 200;
/**
 * So many messages of small frames that are read in one go are handed on together. Parsing and routing by turns push each
 * other out of the caches of the processor, which costs more than routing itself.
 */
const TOGETHER_MAX = 64;

/** Parses what comes, once, and tells messages, answers and garbage apart. */
export class Reader {
  readonly #profile: FeedProfile;
  readonly #hearer: Hearer;
  readonly #flushed = (): void => this.flush();
  #gathered: unknown[] = [];
  #gatheredBytes = 0;
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
    if (this.#profile.peek !== undefined && this.#isUnwanted(text)) return this.#hearer.skipped();
    let frame: unknown;
    try {
      frame = JSON.parse(text);
    } catch {
      const what = /^\s*</.test(text) ? 'a page of HTML, as a proxy sends it' : 'no JSON, or half of it';
      return this.#waste(what, text);
    }
    this.#parsed(frame, text, bytes);
  }

  /** Hands on what was gathered of small frames. */
  flush(): void {
    const [messages, bytes] = [this.#gathered, this.#gatheredBytes];
    if (messages.length === 0) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#hearer.came(messages, bytes);
  }

  binary(bytes: Uint8Array): void {
    this.#frames += 1;
    this.#bytes += bytes.length;
    const { binary } = this.#profile;
    const sample = Buffer.from(bytes.subarray(0, SAMPLE_MAX / 2)).toString('hex');
    if (binary === undefined) return this.#waste('bytes where text is due', sample);
    let frame: unknown;
    try {
      frame = binary.decode(bytes);
    } catch (error) {
      return this.#waste(`bytes that cannot be decoded: ${errorText(error)}`, sample);
    }
    this.#parsed(frame, sample, bytes.length);
  }

  #parsed(frame: unknown, text: string, bytes: number): void {
    if (!Array.isArray(frame) && !isRecord(frame)) return this.#waste('JSON that is no message', text);
    const messages = Array.isArray(frame) ? this.#listed(frame, text) : listOf(this.#inside(frame, text));
    if (messages.length >= TOGETHER_MAX) {
      this.flush();
      this.#hearer.came(messages, bytes);
    } else if (messages.length > 0) this.#gather(messages, bytes);
  }

  #gather(messages: readonly unknown[], bytes: number): void {
    if (this.#gathered.length === 0) queueMicrotask(this.#flushed);
    for (let at = 0; at < messages.length; at += 1) this.#gathered.push(messages[at]);
    this.#gatheredBytes += bytes;
    if (this.#gathered.length >= TOGETHER_MAX) this.flush();
  }

  /** Its type is known without parsing, and nobody wants it. */
  #isUnwanted(text: string): boolean {
    try {
      const type = this.#profile.peek?.(text);
      return type !== undefined && this.#hearer.isUnwanted(type);
    } catch {
      return false;
    }
  }

  /** The messages of a list: the list itself if it holds nothing else, so that nothing is copied. */
  #listed(frame: readonly unknown[], text: string): readonly unknown[] {
    let kept: unknown[] | undefined;
    let strays = 0;
    for (let at = 0; at < frame.length; at += 1) {
      const element = frame[at];
      const isStray = !isRecord(element);
      const inside = isStray ? undefined : this.#inside(element, text);
      if (isStray) strays += 1;
      else if (inside === element) {
        kept?.push(element);
        continue;
      }
      kept ??= frame.slice(0, at);
      for (const message of listOf(inside)) kept.push(message);
    }
    if (strays > 0) this.#waste('JSON that is no message', text, strays);
    return kept ?? frame;
  }

  /**
   * The message of an element, or a list of those in its envelope; undefined: there is none. Answers are told at once, so
   * that those of one frame are heard in order.
   */
  #inside(element: unknown, text: string): unknown {
    try {
      const answer = this.#profile.answer(element);
      if (answer !== undefined) {
        this.#control += 1;
        return this.#hearer.answered(answer);
      }
      return this.#profile.unwrap === undefined ? element : this.#unwrapped(this.#profile.unwrap(element), text);
    } catch (error) {
      this.#waste(`a message that the profile cannot read: ${errorText(error)}`, text);
      return undefined;
    }
  }

  #unwrapped(inside: unknown, text: string): unknown {
    if (isRecord(inside)) return inside;
    const elements = listOf(inside);
    const messages = elements.every(isRecord) ? elements : elements.filter(isRecord);
    const wasted = Array.isArray(inside) ? elements.length - messages.length : 1;
    if (wasted > 0) this.#waste('an envelope without a message', text, wasted);
    return messages;
  }

  /** One fact, however many there are in a frame. */
  #waste(why: string, text: string, count = 1): void {
    this.#garbage += count;
    this.#hearer.garbage(why, text.slice(0, SAMPLE_MAX));
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(inside: unknown): readonly unknown[] {
  if (Array.isArray(inside)) return inside;
  return inside === undefined ? [] : [inside];
}
