/**
 * The times of one call at a time, in ms on the clock; NaN before the first. One object serves all calls of a partition:
 * a number that is handed from function to function costs V8 an allocation for each call.
 */
export class CallTimes {
  private started = Number.NaN;
  private accepted = Number.NaN;
  private lasted = 0;

  /** When the last call began. */
  get startedAt(): number {
    return this.started;
  }

  /** When its oldest message was accepted. */
  get acceptedAt(): number {
    return this.accepted;
  }

  /** How long it took, once it is over. */
  get durationMs(): number {
    return this.lasted;
  }

  /** How long its oldest message waited. */
  get ageMs(): number {
    return this.started - this.accepted;
  }

  begin(now: number, acceptedAt: number): void {
    this.started = now;
    this.accepted = acceptedAt;
  }

  end(now: number): void {
    this.lasted = now - this.started;
  }
}
