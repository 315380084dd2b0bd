/** Whether the feed may be connected at this time, in ms since 1970. Asked at every full minute. */
export type Hours = (at: number) => boolean;

export interface WeeklyHours {
  /** From 0 (Sunday) to 6. Default: Monday to Friday. */
  readonly days?: readonly number[];
  /** Included, `09:30`. */
  readonly from: string;
  /** Excluded, `16:00`; `24:00` for the end of the day. */
  readonly to: string;
  /** Such as `America/New_York`. Default: `UTC`. */
  readonly timeZone?: string;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** The same hours on some days of the week, in a time zone; throws `RangeError` for an unknown zone or a time that is none. */
export function weekly({ days = [1, 2, 3, 4, 5], from, to, timeZone = 'UTC' }: WeeklyHours): Hours {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  for (const time of [from, to])
    if (!/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/.test(time))
      throw new RangeError(`a time is written 09:30, got '${time}'`);
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const time = `${parts.hour}:${parts.minute}`;
    return days.includes(DAYS.indexOf(parts.weekday ?? '')) && time >= from && time < to;
  };
}
