import { type Check, seenBy, verdictOf } from './check.ts';
import { type Intake, nextTurn } from './contestant.ts';
import { ownTime } from './own-process.ts';
import type { Supply } from './supply.ts';

/** When nothing more came for so long, what is out waits for something. */
const QUIET_MS = 2;

/** Pushes a supply, slice by slice, and knows what must come out of it. */
export class Producer {
  readonly #supply: Supply;
  readonly #intake: Intake;
  readonly #checks: readonly Check[];

  constructor(supply: Supply, intake: Intake, checks: readonly Check[]) {
    this.#supply = supply;
    this.#intake = intake;
    this.#checks = checks;
  }

  /**
   * Pushes for so long, so many slices at a time; returns the messages that were delivered per second. What is still out
   * then belongs to it, as long as it keeps coming: a batch that is not full waits for its window.
   */
  async run(budgetMs: number, slices: number): Promise<number> {
    const seenBefore = seenBy(this.#checks);
    const startedAt = ownTime();
    const end = performance.now() + budgetMs;
    while (performance.now() < end) for (let left = slices; left > 0; left -= 1) await this.slice();
    let seen = seenBy(this.#checks);
    let endedAt = ownTime();
    for (let quietAt = performance.now(); this.#verdict() !== undefined && performance.now() - quietAt < QUIET_MS; ) {
      await nextTurn();
      if (seenBy(this.#checks) === seen) continue;
      seen = seenBy(this.#checks);
      endedAt = ownTime();
      quietAt = performance.now();
    }
    return ((seen - seenBefore) / (endedAt - startedAt)) * 1_000;
  }

  /** One slice, then a turn of the event loop. */
  async slice(): Promise<void> {
    const intake = this.#intake;
    for (const message of this.#supply.next()) while (!intake.push(message)) await intake.room();
    await nextTurn();
  }

  /** Waits until everything handed over was delivered; throws what is wrong. */
  async settle(patienceMs = 5_000): Promise<void> {
    const giveUpAt = performance.now() + patienceMs;
    while (this.#verdict() !== undefined && performance.now() < giveUpAt) await nextTurn();
    // A message that comes twice comes late.
    await nextTurn();
    const verdict = this.#verdict();
    if (verdict !== undefined) throw new Error(verdict);
  }

  #verdict(): string | undefined {
    return verdictOf(this.#checks, this.#supply.taken);
  }
}
