import type { ChannelView } from '../channel/partition-view.ts';
import type { Services } from '../channel/services.ts';
import { errorText } from '../core/error-text.ts';
import type { Alert, SourceAlertName } from '../facts/events.ts';
import type { SourceView } from '../source/source-view.ts';
import { duration } from './duration.ts';
import { HELD_MS, holderOf, holdInWords, oldestHeld } from './source-explain.ts';

/** How often sources are looked at while any of them may be read, in ms. */
const LOOK_MS = 1_000;
/** In these states nothing can come to be held, and nothing changes by itself. */
const RESTING: ReadonlySet<string> = new Set(['new', 'standby', 'failed', 'stopped']);

interface Raised {
  readonly alert: Alert;
  readonly since: number;
}

/** Raises and clears the alerts about sources. A source is looked at when it enters a state, and while it may hold something. */
export class SourceAlerts {
  readonly #services: Services;
  readonly #sources: ReadonlyMap<string, { readonly view: SourceView }>;
  readonly #channels: ReadonlyMap<string, ChannelView>;
  readonly #raised = new Map<string, Raised>();
  #timer: unknown;

  constructor(
    services: Services,
    sources: ReadonlyMap<string, { readonly view: SourceView }>,
    channels: ReadonlyMap<string, ChannelView>,
  ) {
    this.#services = services;
    this.#sources = sources;
    this.#channels = channels;
    services.bus.tap('source.entered', () => this.#look());
  }

  /** What is raised now. */
  list(): readonly Raised[] {
    return [...this.#raised.values()];
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
    const { error, name, state } = view;
    const failed = state === 'failed' && `the source was given up: ${errorText(error)}`;
    this.#set('source-failed', name, failed, null);
    const held = state === 'stopped' ? undefined : oldestHeld(view, now);
    if (held === undefined || held.heldMs < HELD_MS) return this.#set('source-held', name, false, null);
    // To find who has it means to look at every message that waits.
    if (this.#raised.has(keyOf('source-held', name))) return;
    const text =
      `frame ${held.position} of partition ${held.partition} has not been settled for ` +
      `${duration(held.heldMs)}; it is ${holdInWords(held, view, this.#channels, this.#services.letterRoom.trouble)}`;
    this.#set('source-held', name, text, holderOf(held, this.#channels)?.name ?? null);
  }

  #set(alert: SourceAlertName, source: string, found: string | false, channel: string | null): void {
    const { bus, clock } = this.#services;
    const key = keyOf(alert, source);
    const raised = this.#raised.get(key);
    if (found !== false && raised === undefined) {
      const begun = { alert: { alert, channel, source, text: found, at: clock.wallTime() }, since: clock.now() };
      this.#raised.set(key, begun);
      bus.publish('alert.raised', begun.alert);
    } else if (found === false && raised !== undefined) {
      this.#raised.delete(key);
      bus.publish('alert.cleared', { ...raised.alert, lastedMs: clock.now() - raised.since });
    }
  }
}

function keyOf(alert: SourceAlertName, source: string): string {
  return `${alert} ${source}`;
}
