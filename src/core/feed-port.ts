/** What a feed's statechart may ask of its connection. Guards and delays read facts, which must be cheap; nothing here throws. */
export interface FeedPort {
  /** The feed may be connected at this time of the week. */
  readonly isWithinHours: boolean;
  /** The service wants a login before it takes subscriptions. */
  readonly mustLogIn: boolean;
  readonly connectTimeoutMs: number;
  /** How long the service may take to answer a login or a subscription. */
  readonly answerTimeoutMs: number;
  readonly watch: {
    /** Nothing came for too long, not even the answer to a ping. */
    readonly isSilent: boolean;
    readonly backoffInMs: number;
    /** Until `look` has something to do, or the hours may have ended. */
    readonly watchInMs: number;
    /** Until the hours may have begun. */
    readonly restInMs: number;
    /** The connection ended in a way that makes the next attempt wait. */
    fail(): void;
  };

  /** Opens a socket; what becomes of it comes through `notify`. Returns a function that closes it. */
  connect(notify: (event: FeedSignal) => void): () => void;
  logIn(): void;
  /** Asks for everything that is wanted and was neither asked for on this connection nor refused before. */
  subscribe(): void;
  /** Messages may be expected from now on. */
  stream(): void;
  /** Forgets the failures once the stream is stable, and asks a quiet service for a sign of life. */
  look(): void;
}

/** What a connection tells the statechart of its feed. */
export type FeedSignal =
  /** The socket is open, and the service has greeted if it is one that does. */
  | { readonly type: 'socket.opened' }
  | { readonly type: 'socket.closed'; readonly error?: unknown }
  | { readonly type: 'login.accepted' }
  | { readonly type: 'login.refused'; readonly error?: unknown }
  /** Everything that was asked for has its answer, and at least one answer is yes. */
  | { readonly type: 'subscription.accepted' }
  /** As above, and each answer is no. */
  | { readonly type: 'subscription.refused'; readonly error?: unknown }
  /** The service says that there are too many connections, requests or messages. */
  | { readonly type: 'limit.reached'; readonly error?: unknown }
  /** The service says that it will end the connection. */
  | { readonly type: 'service.ending'; readonly error?: unknown };
