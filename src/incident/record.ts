import type { RouterConfig, RouterConfigInput } from '../config/schema.ts';

/** The version of the file; a reader refuses any other. */
export const INCIDENT_VERSION = 1;

/**
 * One thing that happened, in the order in which it did. What came in is performed again by a re-run; what the router
 * asked for is answered from the record; what it did is compared.
 */
export type IncidentRecord = Entry | CallOut | Answer | Fact;

/** After so many ticks of the queue of promises nothing of the router's waits there any more. */
export const TICKS_MAX = 24;

/** When it came in; what is 0 is left out. */
interface Arrival {
  /** In how many of the router's callbacks. */
  depth?: number;
  /** How many ticks of the queue of promises after what came in before it, `TICKS_MAX` at most; timers come after all. */
  ticks?: number;
}

/** What came in from outside: a message, a timer, the end of a promise, an operator. */
export type Entry = Arrival &
  (
    | { is: 'route'; message: unknown; dataType?: string | undefined; outcome?: string }
    | { is: 'offer'; offer: number; message: unknown; dataType?: string | undefined; outcome?: string }
    | { is: 'withdraw'; offer: number }
    /** `consume` asked whether the event loop should get its turn. */
    | { is: 'turn' }
    | { is: 'fire'; timer: number }
    /** A promise of `process`, `warmUp` or `close` settled; without `error`: it was fulfilled. */
    | { is: 'settle'; call: number; error?: unknown }
    | { is: 'fail'; call: number; index: number; error: unknown }
    | { is: 'emit'; call: number }
    /** A method of the router; `outcome` says what it threw. */
    | { is: 'call'; name: string; args: readonly unknown[]; outcome?: string }
  );

/** The router calls the host's code. */
export type CallOut =
  | { is: 'process'; call: number; channel: string; size: number; attempt: number }
  | { is: 'warmUp' | 'close'; call: number; channel: string }
  | { is: 'return'; call: number; isPromise?: true; error?: unknown }
  | { is: 'make'; channel: string; has: readonly string[]; error?: unknown }
  | { is: 'rule'; rule: number; dataType?: string; error?: unknown }
  | { is: 'validate'; channel: string; payload?: unknown; error?: unknown };

/** The router asks for time or chance, or arms a timer. */
type Answer =
  | { is: 'now'; at: number }
  | { is: 'wall'; at: number }
  | { is: 'random'; value: number }
  /** Without `ms`: an immediate. */
  | { is: 'timer'; timer: number; ms?: number };

/** What the router told on its bus, without payloads. `alert`s are kept to be read: a re-run does not look for them. */
export type Fact = { is: 'fact' | 'alert'; type: string } & Readonly<Record<string, unknown>>;

/** The first line of a file, and where its re-run begins: `start` is null when it cannot be re-run, `obstacle` says why. */
export type IncidentHeader = HeaderFields &
  ({ readonly start: IncidentStart } | { readonly start: null; readonly obstacle: string });

interface HeaderFields {
  readonly sluice: 'incident';
  readonly version: number;
  readonly writtenAt: string;
  /** What asked for it: alerts, crashes, or the host. */
  readonly why: readonly string[];
  /** The step of its first record; those before were discarded. */
  readonly first: number;
  /** How many rules of `recognise` are asked. */
  readonly rules: number;
}

/** Where a re-run begins, and the configuration there: with the making of the router, or at a calm moment. */
export type IncidentStart = { readonly step: number } & (
  | { readonly from: 'making'; readonly config: RouterConfigInput | RouterConfig; readonly channels: readonly string[] }
  | { readonly from: 'calm'; readonly config: RouterConfig; readonly calm: CalmState }
);

/** All that a calm router remembers and that decides what it does next. */
export interface CalmState {
  /** The clock. */
  readonly at: number;
  /** Which methods the instances of each channel have, beside `process`. */
  readonly has: Readonly<Record<string, readonly string[]>>;
  readonly unroutable: number;
  /** Channels that no configuration names, and what code says of them. */
  readonly unnamed: readonly (readonly [string, unknown])[];
  readonly slots: Readonly<Record<string, SlotState>>;
  /** By channel; successes are all that their windows hold. */
  readonly breakers: Readonly<
    Record<string, { readonly successes: number; readonly opened: number; readonly late: number }>
  >;
}

interface SlotState {
  readonly counters: readonly number[];
  /** Which opening of its breaker it probed last; null: none. */
  readonly probedIn: number | null;
}

/** The last line of a file: what a re-run must come to. */
export interface IncidentEnd {
  readonly is: 'end';
  readonly step: number;
  readonly state: string;
  readonly unroutable: number;
  /** By slot: its state and its counters, in the order of `Counter`. */
  readonly slots: Readonly<Record<string, { readonly state: string; readonly counters: readonly number[] }>>;
}
