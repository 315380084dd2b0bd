import type { ChannelView } from '../channel/partition-view.ts';
import type { Services } from '../channel/services.ts';
import { errorText } from '../core/error-text.ts';
import type { SourceView } from '../source/source-view.ts';
import { duration } from './duration.ts';
import { type Finding, found, type RaisedAlerts, type Subject } from './raised-alerts.ts';
import { HELD_MS, holderOf, holdInWords, oldestHeld } from './source-explain.ts';

/** How often sources are looked at while any of them may be read, in ms. */
const LOOK_MS = 1_000;
/** In these states nothing can come to be held, and nothing changes by itself. */
const RESTING: ReadonlySet<string> = new Set(['new', 'standby', 'failed', 'stopped']);

/** Raises and clears the alerts about sources. A source is looked at when it enters a state, and while it may hold something. */
export function watchSources(
  { bus, clock, letterRoom }: Services,
  raised: RaisedAlerts,
  sources: ReadonlyMap<string, { readonly view: SourceView }>,
  channels: ReadonlyMap<string, ChannelView>,
): void {
  let timer: unknown;
  const look = (): void => {
    for (const { view } of sources.values()) lookAt(view, clock.now());
    clock.clearTimeout(timer);
    // Who hears of an alert may have stopped the router.
    timer = [...sources.values()].some(({ view }) => mayChange(view)) ? clock.setTimeout(look, LOOK_MS) : undefined;
  };
  const lookAt = (view: SourceView, now: number): void => {
    const { error, name: source, state } = view;
    const troubles = view.source.troubles?.();
    const subject: Subject = { channel: null, source };
    raised.set('source-failed', subject, state === 'failed' && found(`the source was given up: ${errorText(error)}`));
    raised.set('source-unreachable', subject, troubles?.unreachable ? found(troubles.unreachable) : failing(view, now));
    raised.set('source-halted', subject, troubles?.halted !== undefined && found(troubles.halted));
    const held = state === 'stopped' ? undefined : oldestHeld(view, now);
    if (held === undefined || held.heldMs < HELD_MS) return raised.set('source-held', subject, false);
    const text =
      `frame ${held.frame.position} of partition ${held.partition} has not been settled for ` +
      `${duration(held.heldMs)}; it is ${holdInWords(held, view, channels, letterRoom.trouble)}`;
    const channel = holderOf(held, channels)?.channel.name ?? null;
    raised.set('source-held', { channel, source }, found(text));
  };
  bus.tap('source.entered', look);
}

function mayChange({ held, source, state }: SourceView): boolean {
  return state !== 'stopped' && (held > 0 || source.troubles !== undefined || !RESTING.has(state));
}

/** One that fails again at once is not new each time it is started. */
function failing({ error, since, state }: SourceView, now: number): Finding {
  if (state === 'waiting') return { text: errorText(error), isEnough: now - since >= LOOK_MS };
  return error !== undefined && (state === 'starting' || state === 'recovering') ? undefined : false;
}
