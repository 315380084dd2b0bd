import { createLogUpdate } from 'log-update';
import type { Clock } from '../core/clock.ts';
import { channelsOf, type Readable, type Reading, readRouter } from '../metrics/reading.ts';
import { type LiveRow, liveColumns } from './channel-table.ts';
import type { Progress } from './feed.ts';
import { formatCount, formatMs, renderTable } from './table.ts';
import { paintFor, type Terminal, widthOf } from './terminal.ts';

/** The table that follows a running replay. */
export interface LiveView {
  /** Removes the table, so that lines can be printed; the next frame draws the table again. */
  clear(): void;
  stop(): void;
}

/** How many messages each channel had received at a time. */
interface Frame {
  readonly at: number;
  readonly received: ReadonlyMap<string, number>;
}

const FRAME_MS = 200;
/** Rates cover the last second; rates of a single frame would flicker. */
const RATE_FRAMES = 5;
const NO_VIEW: LiveView = { clear() {}, stop() {} };

/** Starts the table if standard output is a terminal. */
export function startLiveView(
  router: Readable,
  progress: Progress,
  terminal: Terminal,
  clock: Clock,
  isWanted: boolean,
): LiveView {
  // A dumb terminal cannot move its cursor back: each frame would follow the one before.
  if (!isWanted || !terminal.stdout.isTTY || terminal.env.TERM === 'dumb') return NO_VIEW;
  const update = createLogUpdate(terminal.stdout as NodeJS.WriteStream); // It is a terminal, as just seen.
  const columns = liveColumns(paintFor(terminal));
  const startedAt = clock.now();
  const frames: [Frame, ...Frame[]] = [{ at: startedAt, received: new Map() }];
  const draw = () => {
    const reading = readRouter(router);
    const width = widthOf(terminal.stdout);
    const head = headLine(reading.metrics.received, progress, clock.now() - startedAt, width);
    const rows = liveRows(reading, frames, clock.now());
    update([head, '', ...renderTable(columns, rows, width)].join('\n'));
    timer = clock.setTimeout(draw, FRAME_MS);
  };
  let timer = clock.setTimeout(draw, FRAME_MS);
  return {
    clear: () => update.clear(),
    stop() {
      clock.clearTimeout(timer);
      update.clear();
      update.done();
    },
  };
}

function liveRows(reading: Reading, frames: [Frame, ...Frame[]], at: number): LiveRow[] {
  const [oldest] = frames;
  const channels = channelsOf(reading);
  frames.push({ at, received: new Map(channels.map(([name, { received }]) => [name, received])) });
  if (frames.length > RATE_FRAMES) frames.shift();
  return channels.map(([name, channel]) => {
    const since = channel.received - (oldest.received.get(name) ?? 0);
    const perSecond = (since / (at - oldest.at)) * 1_000;
    return { name, ...channel, perSecond, sinceMs: channel.health.sinceMs };
  });
}

function headLine(received: number, progress: Progress, elapsedMs: number, width: number): string {
  const end = progress.forMs === undefined ? '' : ` of ${formatMs(progress.forMs)}`;
  const share = progress.share === undefined ? '' : `, ${Math.round(progress.share * 100)}% read`;
  const facts = `${formatCount(received)} messages in ${formatMs(elapsedMs)}${end}${share}`;
  // The end of a path says more than its beginning.
  const room = width - facts.length - ' · '.length;
  const name = progress.source.length > room ? `…${progress.source.slice(1 - room)}` : progress.source;
  return room < 10 ? facts.slice(0, width) : `${facts} · ${name}`;
}
