import type { LogEnds, Mark } from './broker.ts';

/** Up to where something was read or settled; no mark: nothing was. */
export interface Place {
  readonly position: number;
  readonly mark: Mark | null;
}

/** What shows that the log is not the one in which the place was, or has lost its end; undefined: nothing does. */
export function signOfGoingBack({ position, mark }: Place, { last, log, frame }: LogEnds): string | undefined {
  if (mark !== null && mark.log !== log) return `the log was made anew: it is of ${log}, and was of ${mark.log}`;
  if (last < position) return `the log ends at ${last}, and position ${position} was read`;
  if (mark !== null && frame !== undefined && mark.frame !== frame)
    return `position ${position} has another frame: ${frame}, and was ${mark.frame}`;
  return undefined;
}
