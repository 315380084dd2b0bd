/** What the router's statechart may ask of the channels it supervises. Facts are read by guards; nothing here throws. */
export interface FleetPort {
  /** Every channel has warmed up or failed at least once since the start. */
  readonly isSettled: boolean;
  /** Some channel is failed: it waits for its restart or was given up. */
  readonly hasDown: boolean;
  /** No channel is alive any more, and no source. */
  readonly isStopped: boolean;
  /** `onGiveUp: escalate` */
  readonly escalates: boolean;
  readonly stopInMs: number;
  /** The channel has not failed too often; false: it is given up. */
  mayRestart(id: string): boolean;
  restartInMs(id: string): number;

  /** Starts every channel; what becomes of them comes through `notify`. Returns a function that stops them all at once. */
  launch(notify: (event: FleetEvent) => void, self: unknown): () => void;
  /** Carries out a command of the statechart, or takes note that the actor of a partition ended. */
  receive(command: FleetCommand): void;
}

/** What the actor of a fleet is sent. The last one is XState's word on the end of a child. */
export type FleetCommand =
  | { readonly type: 'fleet.drain' }
  | { readonly type: 'fleet.restart'; readonly id: string }
  | { readonly type: `xstate.${'done' | 'error'}.actor.${string}`; readonly actorId: string };

/** What a fleet sends the router's statechart. */
export type FleetEvent =
  | { readonly type: 'channel.warmed' | 'channel.stopped' | 'channel.restart' | 'source.stopped'; readonly id: string }
  | { readonly type: 'channel.failed'; readonly id: string; readonly error: unknown };
