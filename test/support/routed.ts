import { type HeldCall, hold, type Reaction, type TestRouter } from '../../src/testing/index.ts';
import { numbersOf } from './numbers.ts';

interface Routing {
  readonly router: { route(message: unknown): unknown; routeAll(messages: readonly unknown[]): unknown };
  advance(ms: number): Promise<unknown>;
}

/** Routes a message, or several, and lets time pass. */
export async function routeAndAdvance(rig: Routing, messages: unknown, ms: number): Promise<void> {
  if (Array.isArray(messages)) rig.router.routeAll(messages);
  else rig.router.route(messages);
  await rig.advance(ms);
}

/** The next call of the sink that has no reaction yet waits for the test. */
export function holdNext({ script }: { readonly script: Reaction<never>[] }): HeldCall {
  const call = hold();
  script.push(call);
  return call;
}

/** Routes a message, or several, if they are given, and lets time pass; the numbers of all that the sink has delivered by then. */
export async function deliveredAfter(
  rig: Routing & Pick<TestRouter, 'sink'>,
  name: string,
  ms: number,
  messages: unknown = [],
): Promise<readonly number[]> {
  await routeAndAdvance(rig, messages, ms);
  return numbersOf(rig.sink(name).delivered);
}
