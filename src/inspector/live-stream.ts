import type { Clock } from '../core/clock.ts';
import { type ClusterView, handOverInWords } from '../core/cluster-view.ts';
import { toPlain } from '../core/plain.ts';
import { type Reading, readRouter } from '../metrics/reading.ts';
import type { DataChannelRouter } from '../router/router.ts';
import { Audience } from './audience.ts';
import { clustersOf, takeFrame } from './frame.ts';
import type { Hello, Tick } from './protocol.ts';
import type { Answer } from './server.ts';
import { toText } from './text.ts';
import type { TimeLine } from './time-line.ts';

/** Time between two frames, in ms; longer if a frame takes long, so that frames take at most 2 % of the time. */
const FRAME_MS = 250;
const COST_SHARE = 1 / 50;
/** Frames that are kept for pages to come, by number (five minutes) and by size. */
const FRAMES_MAX = 1_200;
const HISTORY_CHARACTERS_MAX = 2_000_000;

/** Sends the pages a frame four times a second, with what happened since the last. Without a page it does nothing. */
export class LiveStream {
  readonly #router: DataChannelRouter;
  readonly #timeLine: TimeLine;
  readonly #clock: Clock;
  readonly #settings: Pick<Hello, 'operations' | 'showPayloads'>;
  readonly #audience: Audience;
  /** As JSON, ready to be sent. */
  readonly #frames: string[] = [];
  #frameCharacters = 0;
  #config: unknown;
  /** What the last frame was taken from: the next one shows the durations since. */
  #reading: Reading | undefined;
  #clusters: Readonly<Record<string, ClusterView>> = {};
  /** Up to when hand-overs are on the time line. */
  #handedAt = 0;
  #timer: unknown;
  #isClosed = false;

  constructor(
    router: DataChannelRouter,
    timeLine: TimeLine,
    clock: Clock,
    settings: Pick<Hello, 'operations' | 'showPayloads'>,
  ) {
    this.#router = router;
    this.#timeLine = timeLine;
    this.#clock = clock;
    this.#settings = settings;
    this.#audience = new Audience(
      clock,
      (isNew) => this.#hello(isNew),
      (size) => this.#watched(size),
    );
  }

  get watchers(): number {
    return this.#audience.size;
  }

  /** A stream for one more page, or why there is none. */
  answer(): Answer {
    if (this.#audience.isFull) return { status: 429, text: `${this.watchers} pages are open already: close one` };
    return { stream: (response) => this.#audience.add(response) };
  }

  close(): void {
    if (this.#audience.size > 0) this.#tell();
    this.#isClosed = true;
    this.#clock.clearTimeout(this.#timer);
    this.#audience.close();
  }

  #watched(size: number): void {
    if (size === 0) {
      this.#clock.clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#timeLine.isWatched = false;
    } else if (this.#timer === undefined && !this.#isClosed) {
      this.#timeLine.isWatched = true;
      this.#keep();
      this.#timer = this.#clock.setTimeout(() => this.#tick(), FRAME_MS);
    }
  }

  #tick(): void {
    const begunAt = this.#clock.now();
    try {
      this.#tell();
    } catch (error) {
      // A fault in here must not reach the host: the pages lose their streams, show that, and connect again.
      const text = `the inspector failed: ${toText(error)}`;
      this.#timeLine.add({ kind: 'operator', channel: null, tone: 'bad', text });
      this.#audience.close();
    }
    const costMs = this.#clock.now() - begunAt;
    this.#timer = this.#clock.setTimeout(() => this.#tick(), Math.max(FRAME_MS, costMs / COST_SHARE));
  }

  #tell(): void {
    const frame = this.#keep();
    const entries = JSON.stringify(this.#timeLine.takeNews());
    const { config } = this.#router;
    const isChanged = config !== this.#config;
    this.#config = config;
    // Concatenated, because the frame is JSON already.
    const rest: Omit<Tick, 'frame' | 'entries'> = { ...this.#shared, ...(isChanged && { config: toPlain(config) }) };
    const fields = Object.keys(rest).length === 0 ? '' : `,${JSON.stringify(rest).slice(1, -1)}`;
    this.#audience.tell(toEvent('tick', `{"frame":${frame},"entries":${entries}${fields}}`));
  }

  #keep(): string {
    const reading = readRouter(this.#router);
    const frame = JSON.stringify(takeFrame(this.#router, this.#clock, reading, this.#reading));
    this.#reading = reading;
    this.#clusters = clustersOf(reading);
    this.#tellHandOvers();
    this.#frames.push(frame);
    this.#frameCharacters += frame.length;
    while (this.#frames.length > FRAMES_MAX || this.#frameCharacters > HISTORY_CHARACTERS_MAX) {
      for (const oldest of this.#frames.splice(0, 1)) this.#frameCharacters -= oldest.length;
    }
    return frame;
  }

  /** Nothing for a router without sources that are shared. */
  get #shared(): Pick<Tick, 'clusters'> {
    return Object.keys(this.#clusters).length === 0 ? {} : { clusters: this.#clusters };
  }

  #tellHandOvers(): void {
    const shownAt = this.#handedAt;
    for (const [source, { handOvers, members }] of Object.entries(this.#clusters)) {
      for (const each of handOvers.filter(({ at }) => at > shownAt)) {
        this.#handedAt = Math.max(this.#handedAt, each.at);
        const entry = { kind: 'owner', channel: `${source}/${each.partition}`, tone: 'plain' } as const;
        this.#timeLine.add({ ...entry, at: each.at, text: handOverInWords(each, members) });
      }
    }
  }

  /** A page that fell behind keeps the frames it has; what happened since is in the entries. */
  #hello(isNew: boolean): string {
    const frames = isNew ? this.#frames : this.#frames.slice(-1);
    const hello: Omit<Hello, 'frames'> = {
      ...this.#settings,
      ...this.#shared,
      entries: this.#timeLine.entries,
      config: toPlain(this.#router.config),
    };
    return toEvent('hello', `{"frames":[${frames.join(',')}],${JSON.stringify(hello).slice(1)}`);
  }
}

/** A server-sent event; JSON has no line breaks, so one line of data holds it. */
function toEvent(type: 'hello' | 'tick', json: string): string {
  return `event: ${type}\ndata: ${json}\n\n`;
}
