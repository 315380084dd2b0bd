/** The data type of each `ev` of Massive. */
export const MASSIVE_EVENTS: Readonly<Record<string, string>> = {
  ...{ T: 'tick', XT: 'tick', FMV: 'fmv' },
  ...Object.fromEntries(['A', 'AM', 'CA', 'CAS', 'XA', 'XAS'].map((ev) => [ev, 'ohlcv'])),
};
