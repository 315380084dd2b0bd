import type { Origin } from '../core/origin.ts';
import type { Outcome } from '../core/outcome.ts';
import type { FrameOrigin } from './frame-origin.ts';

/** Why something that was read becomes a dead letter before any channel has it. */
export type ReadFault = 'undecodable' | 'crashed';

/** How the messages of one stay are offered. */
export interface DoorOptions {
  /** Left out: each message is recognized. */
  readonly dataType?: string;
  /** Takes waiting offers back. */
  readonly signal: AbortSignal;
}

/** The door of the router, as readers see it. What it takes in or makes a dead letter it settles through the origin. */
export interface SourceDoor {
  /** Takes messages in from one on, while they need nothing but room and the slice lasts. Returns the next one, which is to be offered. */
  takePlain(messages: readonly unknown[], from: number, dataType: string | undefined, origin: FrameOrigin): number;
  /** Offers a message; a promise only when it waits for room. An abort takes the offer back and rejects. */
  offer(message: unknown, options: DoorOptions, origin: Origin): Outcome | Promise<Outcome>;
  /** Makes it a dead letter. */
  condemn(message: unknown, reason: ReadFault, error: unknown, origin: Origin): void;
  /** Some stay has ended: its messages that wait in channels are handed back to their origins. */
  stayEnded(): void;
  /** Dead letters are written to a store that lasts, so each message needs an origin of its own. */
  readonly keepsLetters: boolean;
  /** A promise once the present stretch of work has lasted long enough: it resolves when others had their turn. */
  pause(): Promise<void> | undefined;
}
