import type { Lane } from './lane.ts';

/** Nothing holds the next attempt up. A breaker that an operator holds open stays so. */
export function endWaits({ breaker, recovery, services }: Lane): void {
  recovery.endWait();
  breaker?.breaker.hasten(services.clock.now());
}

/** A drain that ends at `by` tries what waits at once, and again and again until then. */
export function hurry({ breaker, recovery }: Lane, by: number): void {
  recovery.hurry(by);
  breaker?.breaker.hurry(by);
}

/** What waits brings a probe sooner, and again when another eighth of the mailbox has filled. False: as planned. */
export function press({ breaker, inbox }: Lane, waker: { wake(): void }): boolean {
  const { capacity, size } = inbox.mailbox;
  inbox.wakeWhen(size + Math.ceil(capacity / 8), waker);
  return breaker?.breaker.press(Math.min(1, size / capacity)) === true;
}
