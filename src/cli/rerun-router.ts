import { isDeepStrictEqual } from 'node:util';
import { nextTurn } from '../adapters/incident-file.ts';
import type { Clock } from '../core/clock.ts';
import { errorText } from '../core/error-text.ts';
import { countersOf } from '../incident/calm.ts';
import { type Entry, type Fact, type IncidentStart, TICKS_MAX } from '../incident/record.ts';
import { factOf } from '../incident/record-router.ts';
import { fromText, plainRecord, toText } from '../incident/text.ts';
import type { Core } from '../router/core.ts';
import { createObserved } from '../router/create-router.ts';
import { planRouter } from '../router/plan.ts';
import type { DataChannelRouter } from '../router/router.ts';
import { firstReading, type Incident, type Step } from './incident-file.ts';
import { bringToCalm } from './rerun-calm.ts';
import { RecordedCalls, thrown } from './rerun-channels.ts';
import { type Difference, isEntry, Tape, ticksBefore } from './rerun-tape.ts';

/** A fact of the re-run: at which step, and when on the recorded clock. */
export interface RerunFact {
  readonly step: number;
  readonly at: number;
  readonly fact: Fact;
}

/** What a re-run came to. */
export interface RerunReport {
  /** The step before which it ended. */
  readonly step: number;
  readonly startedAt: number;
  readonly facts: readonly RerunFact[];
  /** The state of the router and of each slot at the end. */
  readonly state: string;
  readonly slots: Readonly<
    Record<string, { readonly state: string; readonly waiting: number; readonly inFlight: number }>
  >;
  /** Undefined: everything was as it is recorded. */
  readonly difference: Difference | undefined;
}

const WAITS_MAX = 2 * TICKS_MAX;

/** By how many ticks an entry comes in earlier or later, by its step. */
export type Shifts = ReadonlyMap<number, number>;

/** One router that runs on the record: its clock, chance and channels are answered from there. */
export class Rerun {
  readonly #incident: Incident;
  readonly #start: IncidentStart;
  readonly #shifts: Shifts;
  readonly #tape: Tape;
  readonly #calls: RecordedCalls;
  readonly #timers = new Map<number, () => void>();
  readonly #withdrawals = new Map<number, AbortController>();
  readonly #facts: RerunFact[] = [];
  readonly #clock: Clock;
  readonly #core: Core;
  readonly #router: DataChannelRouter;
  readonly #startedAt: number;
  #now = 0;

  constructor(incident: Incident, start: IncidentStart, shifts: Shifts) {
    this.#incident = incident;
    this.#shifts = shifts;
    this.#start = start;
    this.#startedAt = start.from === 'calm' ? start.calm.at : firstReading(incident.steps);
    this.#tape = new Tape(incident, start.step);
    this.#tape.isFree = start.from === 'calm';
    this.#now = start.from === 'calm' ? start.calm.at : 0;
    this.#calls = new RecordedCalls(this.#tape, start.from === 'calm' ? start.calm.has : undefined);
    this.#clock = this.#recordedClock();
    const names = start.from === 'making' ? start.channels : Object.keys(start.config.channels);
    const options = {
      config: start.config,
      channels: Object.fromEntries(names.map((name) => [name, this.#calls.factory(name)])),
      clock: this.#clock,
      random: () => this.#tape.take('random', () => 'chance is asked')?.value ?? 0.5,
      recognise: Array.from({ length: incident.header.rules }, (_, rule) => () => this.#opinion(rule)),
    };
    const { core, router } = createObserved({ ...planRouter(options), alertClock: this.#alertClock() });
    this.#core = core;
    this.#router = router;
    this.#tape.perform = (entry) => this.#perform(entry);
    core.world.bus.tap('batch.flushed', () => {});
    this.#compareFacts();
  }

  /** Brings the router to where the record begins. */
  async begin(): Promise<void> {
    if (this.#start.from === 'making') return;
    const { calm } = this.#start;
    await bringToCalm(calm, this.#core, this.#router);
    this.#now = calm.at;
    this.#tape.isFree = false;
  }

  async go(until: number): Promise<RerunReport> {
    const tape = this.#tape;
    let waited = 0;
    let { position } = tape;
    for (let { next } = tape; next !== undefined && next.step < until; next = tape.next) {
      if (tape.difference !== undefined) break;
      waited = position === tape.position ? waited : 0;
      position = tape.position;
      const ticks = Math.max(0, ticksBefore(next) + (this.#shifts.get(next.step) ?? 0));
      if (tape.ticks < ticks) await this.#wait(ticks < TICKS_MAX ? 1 : TICKS_MAX);
      else if (isEntry(next) && this.#canPerform(next)) tape.enter(next);
      else if (waited <= WAITS_MAX) {
        waited += 1;
        await this.#wait(waited < WAITS_MAX ? 1 : TICKS_MAX);
      }
      // A reading that nobody asks for again was the host's own.
      else if (next.is === 'now') tape.skip();
      else tape.differ(next, 'nothing happens');
    }
    if (tape.next === undefined && tape.difference === undefined) {
      await nextTurn();
      this.#compareEnd();
    }
    return this.#report();
  }

  /** One tick of the queue of promises, so that they get as far as they did when it was recorded; or until all are at rest. */
  #wait(ticks: number): Promise<void> {
    this.#tape.ticks += ticks;
    if (ticks === TICKS_MAX) return nextTurn();
    return Promise.resolve();
  }

  #canPerform(entry: Entry): boolean {
    if (entry.is === 'fire') return this.#timers.has(entry.timer);
    if (entry.is === 'settle') return this.#calls.waiters.has(entry.call);
    return true;
  }

  #perform(entry: Entry & Step): void {
    const { intake, world } = this.#core;
    if (!this.#canPerform(entry)) return this.#tape.differ(entry, 'nobody waits for it');
    if (entry.is === 'route') this.#compareOutcome(entry, intake.route(entry.message, entry.dataType));
    else if (entry.is === 'offer') this.#offer(entry);
    else if (entry.is === 'withdraw') this.#withdrawals.get(entry.offer)?.abort();
    else if (entry.is === 'turn') {
      if (world.turns.isSliceOver()) this.#clock.setImmediate(() => {});
    } else if (entry.is === 'fire') {
      const callback = this.#timers.get(entry.timer);
      this.#timers.delete(entry.timer);
      callback?.();
    } else if (entry.is === 'settle') {
      const waiter = this.#calls.waiters.get(entry.call);
      this.#calls.waiters.delete(entry.call);
      if ('error' in entry) waiter?.rejected(thrown(entry.error));
      else waiter?.fulfilled();
    } else if (entry.is === 'emit') this.#calls.contexts.get(entry.call)?.emit(undefined);
    else if (entry.is === 'fail') this.#fail(entry);
    else this.#call(entry);
  }

  #offer(entry: Entry & Step & { is: 'offer' }): void {
    const withdrawal = new AbortController();
    const { message, dataType } = entry;
    const { signal } = withdrawal;
    const outcome = this.#core.intake.offer(message, { signal, ...(dataType !== undefined && { dataType }) });
    if (!(outcome instanceof Promise)) return this.#compareOutcome(entry, outcome);
    this.#withdrawals.set(entry.offer, withdrawal);
    const forget = (): void => void this.#withdrawals.delete(entry.offer);
    outcome.then(forget, forget);
    if (entry.outcome !== 'waits') this.#tape.differ(entry, 'the offer waits');
  }

  #fail({ call, index, error }: Entry & { is: 'fail' }): void {
    try {
      this.#calls.contexts.get(call)?.fail?.(index, thrown(error));
    } catch {
      // The host was told at the time: it named a message that is not there.
    }
  }

  #compareOutcome(
    entry: Step & { outcome?: string },
    outcome: { readonly status: string; readonly reason?: string },
  ): void {
    const text = outcome.reason ?? outcome.status;
    if (entry.outcome !== text) this.#tape.differ(entry, `the outcome is ${text}`);
  }

  /** A method of the router. What it threw is compared, what its promise comes to shows in the facts. */
  #call(entry: Entry & Step & { is: 'call' }): void {
    const [name, ...rest] = entry.args;
    const args = entry.name === 'add' ? [name, this.#calls.factory(String(name)), ...rest.slice(1)] : entry.args;
    // The names are those that the recorder has wrapped.
    const owner = entry.name.startsWith('deadLetters.') ? this.#router.deadLetters : this.#router;
    const methods = owner as unknown as Record<string, () => unknown>;
    const method = entry.name.replace('deadLetters.', '');
    let outcome: string | undefined;
    try {
      const result = Reflect.apply(methods[method] as () => unknown, owner, args);
      if (result instanceof Promise) result.catch(() => {});
    } catch (error) {
      outcome = errorText(error);
    }
    if (outcome !== entry.outcome)
      this.#tape.differ(entry, outcome === undefined ? 'it succeeds' : `it throws: ${outcome}`);
  }

  #opinion(rule: number): string | undefined {
    const asked = this.#tape.take('rule', () => `rule ${rule} is asked`);
    this.#tape.within(() => {});
    if (asked !== undefined && 'error' in asked) throw thrown(asked.error);
    return asked?.dataType;
  }

  #recordedClock(): Clock {
    const arm = (callback: () => void, ms?: number): unknown => {
      if (this.#tape.isFree) return undefined;
      const what = ms === undefined ? 'an immediate is armed' : `a timer of ${ms} ms is armed`;
      const armed = this.#tape.take('timer', () => what);
      const isSame = armed === undefined || (armed.ms === undefined) === (ms === undefined);
      if (armed !== undefined && (!isSame || Math.abs((armed.ms ?? 0) - (ms ?? 0)) > 1)) this.#tape.differ(armed, what);
      if (armed !== undefined) this.#timers.set(armed.timer, callback);
      return armed?.timer;
    };
    const disarm = (timer: unknown): void => {
      if (typeof timer === 'number') this.#timers.delete(timer);
    };
    return {
      now: () => {
        this.#now = this.#tape.takeReading() ?? this.#now;
        return this.#now;
      },
      wallTime: () => this.#tape.take('wall', () => 'the date is read')?.at ?? 0,
      ...{ setTimeout: arm, setImmediate: arm, clearTimeout: disarm, clearImmediate: disarm },
    };
  }

  /** Alerts only watch: what they told is in the file, and a re-run does not look for them. */
  #alertClock(): Clock {
    const never = (): void => {};
    const timers = { setTimeout: never, setImmediate: never, clearTimeout: never, clearImmediate: never };
    return { ...timers, now: () => this.#now, wallTime: () => 0 };
  }

  #compareFacts(): void {
    const { bus } = this.#core.world;
    const publish = bus.publish.bind(bus);
    bus.publish = (type, event) => {
      const fact = this.#tape.isFree ? undefined : factOf(type, event);
      if (fact?.is === 'alert') return publish(type, event);
      if (fact !== undefined) this.#compareFact(fromText(toText(plainRecord(fact))) as Fact);
      this.#tape.within(() => publish(type, event));
    };
  }

  #compareFact(fact: Fact): void {
    const recorded = this.#tape.take('fact', () => toText(fact));
    if (recorded === undefined) return;
    const { step, ...told } = recorded;
    if (isDeepStrictEqual(told, fact)) this.#facts.push({ step, at: this.#now, fact });
    else this.#tape.differ(recorded, toText(fact));
  }

  #members() {
    return [...this.#core.fleet.channels.values()].flatMap((channel) => channel.members);
  }

  #compareEnd(): void {
    const { step, state, unroutable, slots } = this.#incident.end;
    const members = this.#members().map((member) => [member.slot.id, member] as const);
    const ours = {
      state: this.#router.state,
      unroutable: this.#core.intake.unroutable,
      slots: Object.fromEntries(
        members.map(([id, each]) => [id, { state: each.state, counters: countersOf(each.slot) }]),
      ),
    };
    if (isDeepStrictEqual(ours, { state, unroutable, slots })) return;
    this.#tape.difference = { step, recorded: toText({ state, unroutable, slots }), rerun: toText(ours) };
  }

  #report(): RerunReport {
    const { difference, next } = this.#tape;
    const slots = this.#members().map(({ slot, state }) => {
      return [slot.id, { state, waiting: slot.depth, inFlight: slot.batch.length }] as const;
    });
    return {
      step: difference?.step ?? next?.step ?? this.#incident.end.step,
      startedAt: this.#startedAt,
      facts: this.#facts,
      state: this.#router.state,
      slots: Object.fromEntries(slots),
      difference,
    };
  }
}
