import { type HeldCall, hold, type Reaction } from '../../src/testing/index.ts';

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
