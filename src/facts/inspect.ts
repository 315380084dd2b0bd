import type { InspectionEvent, Observer } from 'xstate';
import type { Bus } from './bus.ts';

/** An XState inspector, as `createActor` takes it. */
export type Inspect = Observer<InspectionEvent> | ((event: InspectionEvent) => void);

/** An inspector that throws would jam the actor it looks at for ever. */
export function containInspector(inspect: Inspect, bus: () => Bus | undefined): (event: InspectionEvent) => void {
  return (event) => {
    try {
      if (typeof inspect === 'function') inspect(event);
      else inspect.next?.(event);
    } catch (error) {
      bus()?.fault('inspector', error);
    }
  };
}
