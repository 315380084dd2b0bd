import type { InspectionEvent, Observer } from 'xstate';
import { contained } from '../core/contained.ts';
import { invalidOption } from '../core/sluice-error.ts';
import type { Bus } from './bus.ts';

/** An XState inspector, as `createActor` takes it. */
export type Inspect = Observer<InspectionEvent> | ((event: InspectionEvent) => void);

/** Throws `SluiceError` `invalid-option` for what XState could not call. */
export function checkInspect(inspect: Inspect): void {
  const next: unknown = typeof inspect === 'function' ? inspect : inspect?.next;
  if (typeof next !== 'function')
    throw invalidOption('inspect must be a function, or an observer with the method next');
}

/**
 * An inspector that throws would jam the actor it looks at for ever: it is contained. It looks in the middle of a
 * transition, so what it orders waits for the end of that. `bus`: undefined before there is a router.
 */
export function containInspector(inspect: Inspect, bus: () => Bus | undefined): (event: InspectionEvent) => void {
  const call = contained(
    (event: InspectionEvent): unknown => (typeof inspect === 'function' ? inspect(event) : inspect.next?.(event)),
    (error) => bus()?.fault('inspector', error),
  );
  return (event) => {
    const changes = bus()?.changes;
    if (changes === undefined) call(event);
    else changes.undisturbed(() => void call(event));
  };
}
