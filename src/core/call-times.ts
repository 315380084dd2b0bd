/**
 * The times of one call at a time, in ms on the clock; NaN before the first. One object serves all calls of a partition:
 * a number that is handed from function to function costs V8 an allocation for each call.
 */
export class CallTimes {
  /** When the last call began. */
  startedAt = Number.NaN;
  /** When its oldest message was accepted. */
  acceptedAt = Number.NaN;
  /** How long it took, once it is over. */
  durationMs = 0;

  /** How long its oldest message waited. */
  get ageMs(): number {
    return this.startedAt - this.acceptedAt;
  }

  begin(now: number, acceptedAt: number): void {
    this.startedAt = now;
    this.acceptedAt = acceptedAt;
  }

  end(now: number): void {
    this.durationMs = now - this.startedAt;
  }
}
