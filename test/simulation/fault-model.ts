/** What can be done to a router; each operation of a plan is of one of these kinds. */
export type FaultKind =
  | 'burst'
  | 'offer'
  | 'garbage'
  | 'sink'
  | 'crash'
  | 'pause'
  | 'resume'
  | 'flush'
  | 'trip'
  | 'reset'
  | 'restart'
  | 'reload'
  | 'reload-broken'
  | 'add'
  | 'remove'
  | 'callbacks'
  | 'jump'
  | 'replay'
  | 'inside';

/** What a sink can do with a call. */
type SinkKind = 'healthy' | 'failing' | 'hanging' | 'slow' | 'flaky' | 'naming' | 'busy';

/** How bad the simulated year is. Weights are relative to each other; 0 switches a fault off. */
export interface FaultModel {
  readonly weights: Readonly<Record<FaultKind, number>>;
  readonly sinks: Readonly<Record<SinkKind, number>>;
  /** Share of the faults a single run leaves out: fewer kinds at a time go deeper than all at once. */
  readonly leftOut: number;
  /** How many actions a plan has, at least and at most. */
  readonly actionsMin: number;
  readonly actionsMax: number;
  /** The longest pause between two actions, in ms; short ones are more frequent. */
  readonly gapMsMax: number;
  /** Share of the runs that are stopped in the midst of their faults. */
  readonly stoppedEarly: number;
  /** Share of the bursts that bring messages no sink can digest. */
  readonly poisoned: number;
}

/** A bad year: everything goes wrong now and then, and traffic never ceases. */
export const badYear: FaultModel = {
  weights: {
    burst: 30,
    offer: 5,
    garbage: 1,
    sink: 14,
    crash: 4,
    pause: 3,
    resume: 3,
    flush: 2,
    trip: 3,
    reset: 2,
    restart: 3,
    reload: 4,
    'reload-broken': 1,
    add: 1,
    remove: 1,
    callbacks: 3,
    jump: 3,
    replay: 1,
    inside: 3,
  },
  sinks: { healthy: 6, failing: 3, hanging: 2, slow: 3, flaky: 4, naming: 2, busy: 3 },
  leftOut: 0.4,
  actionsMin: 8,
  actionsMax: 26,
  gapMsMax: 150,
  stoppedEarly: 0.35,
  poisoned: 0.15,
};
