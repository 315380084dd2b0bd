import { joinLanes } from '../contestant.ts';
import { HandWritten } from './hand.ts';

/** The hand-written batcher, which lets the event loop have its turn after each batch. */
export const open = joinLanes((spec) => new HandWritten(spec, true));
