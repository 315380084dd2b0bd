import { holdsOrigin, viewOf } from '../channel/partition-view.ts';
import { causeInWords, reasonInWords } from '../facts/chart-words.ts';
import type { FrameOrigin } from '../source/frame-origin.ts';
import type { SourceView } from '../source/source-view.ts';
import { duration } from './duration.ts';
import { type Channels, type Explanation, reasonOf } from './explain.ts';

/** A frame that is not settled for so long is an alert, in ms. */
export const HELD_MS = 60_000;

/** The oldest frame of a source that is not settled. */
export interface OldestHeld {
  readonly frame: FrameOrigin;
  readonly partition: number;
  readonly heldMs: number;
}

/** Undefined: everything that was read is settled. */
export function oldestHeld({ partitions }: SourceView, now: number): OldestHeld | undefined {
  const all = partitions.flatMap(({ oldest: frame, partition }): OldestHeld[] => {
    return frame === undefined ? [] : [{ frame, partition, heldMs: now - frame.readAt }];
  });
  return all.sort((a, b) => b.heldMs - a.heldMs)[0];
}

/** The channel and the partition that have a message of the frame; undefined: none has. It looks at every message that waits. */
export function holderOf({ frame }: OldestHeld, channels: Channels) {
  const all = [...channels.values()].flatMap((channel) =>
    channel.partitions.map((partition) => ({ channel, partition })),
  );
  return all.find(({ partition }) => holdsOrigin(partition, frame));
}

/** Where the frame is and why it is not settled, in words. `trouble`: why dead letters wait for their store. */
export function holdInWords(
  held: OldestHeld,
  { partitions }: SourceView,
  channels: Channels,
  trouble: string | undefined,
): string {
  const holder = holderOf(held, channels);
  if (holder !== undefined) {
    const view = viewOf(holder.partition);
    return `in channel ${view.id}, which is ${view.state} (${reasonOf(view, holder.channel)})`;
  }
  if (held.frame.where === 'letters')
    return `becoming a dead letter, which is not stored yet${trouble === undefined ? '' : `: ${trouble}`}`;
  const refusedAs = partitions.find(({ partition }) => partition === held.partition)?.refusedAs;
  return refusedAs === undefined
    ? 'with the reader'
    : `with the reader, because its channel refuses it as ${refusedAs}`;
}

/** Explains a source at `now`. */
export function explainSource(view: SourceView, channels: Channels, now: number, trouble?: string): Explanation {
  const { cause, error, name, places, since, source, state } = view;
  const held = oldestHeld(view, now);
  const { unreachable, halted } = source.troubles?.() ?? {};
  const troubles = [unreachable, halted].map((each) => (each === undefined ? '' : ` Note that ${each}.`)).join('');
  const why = state === 'held' ? fullnessInWords(view) : reasonInWords(view);
  const [endsBy, ending, at] = ENDINGS[state] ?? OTHERWISE;
  const endsInMs = at === undefined ? null : Math.max(0, at(view) - now);
  const oldest =
    held === undefined
      ? 'All that was read is settled.'
      : `The oldest frame that is not settled, ${held.frame.position} of partition ${held.partition}, was read ` +
        `${duration(held.heldMs)} ago and is ${holdInWords(held, view, channels, trouble)}.`;
  const waiting = places.reader + places.offers;
  const inFlight = places.channels + places.letters;
  const letters = places.letters === 0 ? '' : `${places.letters} wait for the store of dead letters, `;
  const counts = `${waiting} frames wait before the channels, ${places.channels} are in them, ${letters}${places.settled} are settled and not committed.`;
  const stay = `source ${name} ${doing[state] ?? `has been ${state}`} for ${duration(now - since)} (${why}).`;
  return {
    sentence: `${stay} ${ending.replace('%', duration(endsInMs ?? 0))} ${oldest} ${counts}${troubles}`,
    ...{ channel: name, state, sinceMs: now - since, cause: causeInWords(cause), error, endsBy, endsInMs },
    ...{ waiting, inFlight, sharesWith: [] },
  };
}

/** Explains one partition of a source that shares them, or why nothing is known of any; undefined: there is no such one. */
export function explainPartition(view: SourceView, number: string, channels: Channels, now: number) {
  const { name, source } = view;
  const cluster = source.cluster?.();
  if (cluster === undefined) return source.troubles && explainSource(view, channels, now);
  const found = cluster.partitions.find(({ partition }) => String(partition) === number);
  if (found === undefined) return undefined;
  const { cause, lag, ownedMs, state, text } = found;
  const behind = lag === null ? '' : ` ${lag} frames were appended after it.`;
  return {
    sentence: `${text}.${behind}`,
    ...{ channel: `${name}/${number}`, state, sinceMs: ownedMs, cause: causeInWords(cause), error: undefined },
    ...{ endsBy: 'the members', endsInMs: null, waiting: lag ?? 0, inFlight: 0, sharesWith: [] },
  };
}

function fullnessInWords({ partitions }: SourceView): string {
  const full = partitions.flatMap(({ fullBy, held, partition }) => {
    if (fullBy === undefined) return [];
    const by = fullBy === 'age' ? 'its oldest frame is too old' : `it has reached its limit of ${fullBy}`;
    return [`the window of partition ${partition} is full with ${held} frames: ${by}`];
  });
  return full.join('; ');
}

const doing: Readonly<Record<string, string>> = {
  new: 'has been waiting to start',
  standby: 'has had no partition',
  waiting: 'has been waiting to be started again',
  recovering: 'has been closing after a failure',
  revoking: 'has been giving a partition back',
  failed: 'has been given up',
};

/** What ends a state: in a few words, as a sentence, and when if a timer does. */
type Ending = readonly [by: string, sentence: string, at?: (view: SourceView) => number];

const ENDINGS: Readonly<Record<string, Ending>> = {
  held: ['a commit', 'It reads on when the oldest frames are settled and committed.'],
  waiting: ['its restart', 'It starts again in %.', ({ restartAt }) => restartAt],
  failed: ['restart by hand', 'It is not started again; an operator can restart it.'],
  draining: ['the end of the drain', 'The drain ends within %.', ({ drainAt }) => drainAt],
  standby: ['the source', 'It reads when the source gives it a partition.'],
  stopped: ['nothing', 'It does not start again.'],
};
const OTHERWISE: Ending = ['the source', 'The source decides what comes next.'];
