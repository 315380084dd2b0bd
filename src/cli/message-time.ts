/** Times outside 2000–2100 are ignored: such a time must not make the replay wait for a century. */
const TIME_MS_MIN = Date.UTC(2000);
const TIME_MS_MAX = Date.UTC(2100);

/** Where feeds write the time. `E` comes first: with it, Binance's `t` is the number of a trade and its `e` a word. */
const FIELDS = ['E', 't', 'e', 'time', 'timestamp', 'ts', 'T'] as const;

/** The time of a message in ms since 1970, from the first field that has one; undefined: it has none. */
export function messageTimeMs(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const fields = message as Readonly<Record<string, unknown>>;
  for (const field of FIELDS) {
    const timeMs = timeOf(fields[field]);
    if (timeMs !== undefined && timeMs >= TIME_MS_MIN && timeMs <= TIME_MS_MAX) return timeMs;
  }
  return undefined;
}

function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return scaled(value);
  if (typeof value !== 'string') return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return scaled(Number(value));
  if (!/^\d{4}-\d\d-\d\d([T ]|$)/.test(value)) return undefined;
  // Without a zone it is UTC: the same recording takes as long everywhere.
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$|^.{10}$/i.test(value) ? value : `${value}Z`);
}

/** Feeds write ns, µs, ms or s, which differ in size. */
function scaled(time: number): number {
  if (time >= 1e17) return time / 1e6;
  if (time >= 1e14) return time / 1e3;
  return time >= 1e11 ? time : time * 1e3;
}
