import type { ChannelRow, Entry, Tone } from '../protocol.ts';
import { find, make, makeSvg, rebuild, setText } from './dom.ts';
import { duration, timeOfDay } from './format.ts';
import { type History, isAbout, rowOf } from './history.ts';

/** Spans of the time line, in minutes: the shortest that covers the known past is used. */
const SPANS = [1, 2, 5];
const MINUTE_MS = 60_000;
const STEPS = 1_200;
const TICKS = 5;
const LANES_MAX = 8;
const LANE_PX = 18;
const FRAME_MS = 250;

interface Run {
  readonly from: number;
  to: number;
  readonly tone: Tone;
}

/** The past of all channels, a lane each, and the moment that is shown. */
export class Scrubber {
  readonly #history: History;
  readonly #input = find<HTMLInputElement>('scrub');
  readonly #lanes = find('lanes');
  readonly #live = find<HTMLButtonElement>('live');
  readonly #changed: () => void;
  /** The moment shown, in ms since 1970; undefined: the present. */
  at: number | undefined;
  /** The end of the span; it stands still while a past moment is shown. */
  #end = 0;
  #spanMs = MINUTE_MS;

  constructor(history: History, changed: () => void) {
    this.#history = history;
    this.#changed = changed;
    this.#input.max = String(STEPS);
    this.#input.addEventListener('input', () => this.#move());
    this.#live.addEventListener('click', () => this.backToLive());
    document.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape' && this.at !== undefined && document.querySelector('dialog[open]') === null)
        this.backToLive();
    });
  }

  show(at: number): void {
    if (at < this.#end - this.#spanMs) this.#end = at + this.#spanMs / 2;
    this.at = at;
    this.#changed();
  }

  backToLive(): void {
    this.at = undefined;
    this.#input.focus();
    this.#changed();
  }

  update(rows: readonly ChannelRow[]): void {
    const { now } = this.#history;
    if (this.at === undefined) {
      const knownMs = now - (this.#history.frames[0]?.at ?? now);
      this.#end = now;
      this.#spanMs = (SPANS.find((minutes) => minutes * MINUTE_MS >= knownMs) ?? 5) * MINUTE_MS;
    }
    const at = this.at ?? now;
    this.#live.hidden = this.at === undefined;
    this.#input.value = String(Math.round((at - this.#start) / this.#stepMs));
    const ago = duration(Math.max(0, now - at));
    this.#input.setAttribute('aria-valuetext', this.at === undefined ? 'live' : `${timeOfDay(at)}, ${ago} ago`);
    setText(find('moment'), this.at === undefined ? `live, ${timeOfDay(at)}` : `${timeOfDay(at)}, ${ago} ago`);
    find('past').classList.toggle('scrubbing', this.at !== undefined);
    // Lanes are drawn once a second: they are five minutes wide.
    const key = [Math.floor(this.#end / 1_000), ...rows.map(({ name }) => name)].join();
    rebuild(this.#lanes, key, () => this.#draw(rows));
    rebuild(find('scale'), String(Math.floor(this.#end / 1_000)), () => scaleOf(this.#start, this.#end));
  }

  get #start(): number {
    return this.#end - this.#spanMs;
  }

  get #stepMs(): number {
    return this.#spanMs / STEPS;
  }

  #move(): void {
    const step = Number(this.#input.value);
    if (this.at === undefined && step < STEPS) this.#end = this.#history.now;
    this.at = step >= STEPS ? undefined : this.#start + step * this.#stepMs;
    this.#changed();
  }

  #draw(rows: readonly ChannelRow[]): HTMLElement[] {
    const start = this.#start;
    const stepMs = this.#stepMs;
    const ranks: readonly Tone[] = ['bad', 'wait', 'plain', 'good'];
    const chosen = [...rows].sort((a, b) => ranks.indexOf(a.tone) - ranks.indexOf(b.tone)).slice(0, LANES_MAX);
    const shown = rows.filter((row) => chosen.includes(row));
    const lanes = shown.map(({ name }) => {
      const svg = makeSvg('svg', { viewBox: `0 0 ${STEPS} ${LANE_PX}`, preserveAspectRatio: 'none', class: 'lane' });
      for (const { from, to, tone } of this.#runs(name, start)) {
        const [x, width] = [(from - start) / stepMs, (to - from) / stepMs];
        svg.append(makeSvg('rect', { x, y: 4, width, height: 10, 'data-tone': tone }));
      }
      for (const { at, tone } of this.#history.entries.filter((each) => isAbout(each, name) && isMark(each))) {
        const x = (at - start) / stepMs - 1;
        const mark = { x, y: 0, width: 2.5, height: LANE_PX, 'data-tone': tone, class: 'mark' };
        if (at >= start) svg.append(makeSvg('rect', mark));
      }
      return make('div', { class: 'lane-row' }, make('span', {}, name), svg);
    });
    const left = rows.length - shown.length;
    return left === 0 ? lanes : [...lanes, make('p', { class: 'muted' }, `and ${left} more channels`)];
  }

  /** Stretches of time in which a channel had the same tone. */
  #runs(name: string, start: number): readonly Run[] {
    const runs: Run[] = [];
    for (const frame of this.#history.before(this.#end, this.#spanMs)) {
      const tone = rowOf(frame, name)?.tone;
      if (tone === undefined) continue;
      const from = Math.max(start, frame.at - FRAME_MS);
      const last = runs.at(-1);
      const before = last !== undefined && from - last.to < 1_000 ? last : undefined;
      if (before?.tone === tone) before.to = frame.at;
      else runs.push({ from: before?.to ?? from, to: frame.at, tone });
    }
    return runs;
  }
}

/** Entries that a lane marks, even if they were too short for a frame. */
function isMark({ kind, tone }: Entry): boolean {
  return tone === 'bad' || kind === 'restart' || kind === 'config' || kind === 'operator';
}

function scaleOf(start: number, end: number): HTMLElement[] {
  const times = Array.from({ length: TICKS }, (_, index) => start + ((end - start) * index) / (TICKS - 1));
  return times.map((at) => make('span', {}, timeOfDay(at)));
}
