/** How a socket came to its end. */
export type SocketEnd =
  /** It was open, and was closed by the other side or broke off (code 1006). */
  | { readonly is: 'closed'; readonly code: number; readonly reason: string }
  /** The answer to the request was no WebSocket, but an answer of HTTP. */
  | {
      readonly is: 'refused';
      readonly status: number;
      readonly retryAfter?: string;
      readonly location?: string;
      readonly contentType?: string;
    }
  /** It could not be opened, or what came breaks the protocol: invalid UTF-8, a frame that is too large. */
  | { readonly is: 'error'; readonly error: unknown };

/** Who hears of a socket. Nothing comes after `ended`. */
export interface SocketListener {
  opened(): void;
  /** A text message, and how many bytes it had once it was decompressed. */
  text(text: string, bytes: number): void;
  binary(bytes: Uint8Array): void;
  /** A ping, which was answered, or the answer to one. */
  beat(): void;
  ended(end: SocketEnd): void;
}

/** An open or opening socket. Nothing here throws. */
export interface FeedSocket {
  send(frame: string | Uint8Array): void;
  ping(): void;
  /** Reads nothing more; a frame that was read already may still come. */
  pause(): void;
  resume(): void;
  /** Says goodbye and ends at once; the listener hears nothing more. */
  close(): void;
}

export interface SocketOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** A larger message ends the socket with an error. */
  readonly messageBytesMax: number;
}

/** Opens sockets. */
export type OpenSocket = (url: string, options: SocketOptions, listener: SocketListener) => FeedSocket;
