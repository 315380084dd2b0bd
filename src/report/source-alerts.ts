import type { ChannelView } from '../channel/partition-view.ts';
import type { Services } from '../channel/services.ts';
import { errorText } from '../core/error-text.ts';
import type { SourceView } from '../source/source-view.ts';
import { duration } from './duration.ts';
import { found, type RaisedAlerts, type Subject } from './raised-alerts.ts';
import { HELD_MS, holderOf, holdInWords, oldestHeld } from './source-explain.ts';

/** How often sources are looked at while any of them may be read, in ms. */
const LOOK_MS = 1_000;
/** In these states nothing can come to be held, and nothing changes by itself. */
const RESTING: ReadonlySet<string> = new Set(['new', 'standby', 'failed', 'stopped']);

/** Raises and clears the alerts about sources. A source is looked at when it enters a state, and while it may hold something. */
export class SourceAlerts {
  readonly #services: Services;
  readonly #sources: ReadonlyMap<string, { readonly view: SourceView }>;
  readonly #channels: ReadonlyMap<string, ChannelView>;
  readonly #raised: RaisedAlerts;
  #timer: unknown;

  constructor(
    services: Services,
    raised: RaisedAlerts,
    sources: ReadonlyMap<string, { readonly view: SourceView }>,
    channels: ReadonlyMap<string, ChannelView>,
  ) {
    this.#services = services;
    this.#raised = raised;
    this.#sources = sources;
    this.#channels = channels;
    services.bus.tap('source.entered', () => this.#look());
  }

  #look(): void {
    const { clock } = this.#services;
    let isWatched = false;
    for (const { view } of this.#sources.values()) {
      this.#lookAt(view, clock.now());
      isWatched ||= !RESTING.has(view.state) || view.held > 0;
    }
    clock.clearTimeout(this.#timer);
    this.#timer = isWatched && !this.#areStopped ? clock.setTimeout(() => this.#look(), LOOK_MS) : undefined;
  }

  get #areStopped(): boolean {
    return [...this.#sources.values()].every(({ view }) => view.state === 'stopped');
  }

  #lookAt(view: SourceView, now: number): void {
    const { error, name: source, state } = view;
    const subject: Subject = { channel: null, source };
    const failed = state === 'failed' && found(`the source was given up: ${errorText(error)}`);
    this.#raised.set('source-failed', subject, failed);
    const held = state === 'stopped' ? undefined : oldestHeld(view, now);
    if (held === undefined || held.heldMs < HELD_MS) return this.#raised.set('source-held', subject, false);
    const text =
      `frame ${held.position} of partition ${held.partition} has not been settled for ` +
      `${duration(held.heldMs)}; it is ${holdInWords(held, view, this.#channels, this.#services.letterRoom.trouble)}`;
    const channel = holderOf(held, this.#channels)?.name ?? null;
    this.#raised.set('source-held', { channel, source }, found(text));
  }
}
