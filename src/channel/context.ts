import { Counter } from '../core/counters.ts';
import type { Gap } from '../core/gap-log.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { Trigger } from '../core/trigger.ts';
import type { Call, Details } from './call.ts';
import { depthOf } from './lane.ts';
import { positionsOf, type SourcePositions } from './positions.ts';
import type { BatchContext } from './processing-channel.ts';

/** What `process` gets beside its batch. The implementer may keep it; it knows nothing of calls that come later. */
export class Context implements BatchContext {
  private readonly call: Call;
  /** Which call it is the context of: one `Call` serves after the other. */
  private readonly number: number;
  /** What was known when the call began. */
  private readonly known: Details;

  constructor(call: Call) {
    this.call = call;
    this.number = call.number;
    this.known = call.details;
  }

  get trigger(): Trigger {
    return this.known.trigger;
  }

  get gaps(): readonly Gap[] {
    return this.known.gaps;
  }

  get attempt(): number {
    return (this.known.before?.attempts ?? 0) + 1;
  }

  get ageMs(): number {
    return this.isLate ? 0 : this.call.lane.times.ageMs;
  }

  get depth(): number {
    return depthOf(this.call.lane);
  }

  get positions(): readonly SourcePositions[] {
    return positionsOf(this.isLate ? undefined : this.call.details.origins);
  }

  get rules(): unknown {
    return this.call.config.eventRules;
  }

  /** Made when first asked for: most handlers never look at it. */
  get signal(): AbortSignal {
    const { controller = new AbortController(), isTimedOut } = this.isCurrent ? this.call.details : this.known;
    if (isTimedOut) controller.abort(this.call.timeoutError());
    if (!this.isLate) this.call.note({ controller });
    return controller.signal;
  }

  // Getters, so that `process(batch, { emit })` works, and nothing is made for a handler that does not ask.
  get emit(): (event: unknown) => void {
    return (event) => {
      const { channel, counters, services } = this.call.lane;
      if (this.isLate) counters[Counter.late] += 1;
      else services.bus.publish('event', { channel, event });
    };
  }

  get fail(): (index: number, error: unknown) => void {
    return (index, error) => {
      const { call } = this;
      if (this.isLate) {
        call.lane.counters[Counter.late] += 1;
        return;
      }
      if (!Number.isInteger(index) || index < 0 || index >= call.size) {
        const allowed = `a whole number from 0 to ${call.size - 1}`;
        throw invalidOption(`context.fail: index must be ${allowed}, got ${String(index)}`);
      }
      const { failures = new Map<number, unknown>() } = call.details;
      call.note({ failures: failures.set(index, error) });
    };
  }

  private get isCurrent(): boolean {
    return this.call.number === this.number;
  }

  private get isLate(): boolean {
    return !this.isCurrent || this.call.isOver;
  }
}
