/** A turn costs at least this, in ms: turns that take no time on the clock are shared by weight as well. */
const COST_MS_MIN = 0.001;

/** What the turns of one channel have in common: its weight, and what they have cost. */
export class Share {
  weight: number;
  /** How long its turns have taken, in ms. */
  spentMs = 0;
  /** Up to here it has had its part, in the virtual time of the turns: ms by weight. */
  paid = 0;

  constructor(weight: number) {
    this.weight = weight;
  }

  /** Another weight, from the next turn on. */
  reweigh(weight: number): void {
    this.weight = weight;
  }

  /** A turn that began at this virtual time took so long. */
  charge(begin: number, ms: number): void {
    this.spentMs += ms;
    this.paid = begin + Math.max(ms, COST_MS_MIN) / this.weight;
  }
}

/** The weight of a channel: what its configuration says, else the more urgent the heavier. */
export function weightOf(channel: { readonly priority: number; readonly share?: number | undefined }): number {
  return channel.share ?? 1 / channel.priority;
}
