import { type ClientOptions, WebSocket } from 'ws';
import type { FeedSocket, SocketEnd, SocketListener, SocketOptions } from './socket.ts';

/**
 * A WebSocket of `ws`, which answers pings, checks UTF-8 and the size of what it decompresses. Redirects are not
 * followed: credentials go where the host sends them and nowhere else.
 */
export function openWebSocket(url: string, options: SocketOptions, listener: SocketListener): FeedSocket {
  // The types of `ws` do not know `closeTimeout`. After the goodbye of a service nothing comes: a service that keeps the
  // connection then would cost 30 s without messages.
  const settings: ClientOptions & { readonly closeTimeout: number } = {
    headers: { ...options.headers },
    maxPayload: options.messageBytesMax,
    followRedirects: false,
    closeTimeout: 100,
  };
  const socket = new WebSocket(url, settings);
  let isOver = false;
  const end = (how: SocketEnd): void => {
    if (isOver) return;
    isOver = true;
    socket.terminate();
    listener.ended(how);
  };
  socket.on('open', () => !isOver && listener.opened());
  // With the default binary type, and without fragments, `ws` gives one Buffer.
  socket.on('message', (bytes: Buffer, isBinary) => {
    if (isOver) return;
    if (isBinary) listener.binary(bytes);
    else listener.text(bytes.toString(), bytes.length);
  });
  socket.on('ping', () => !isOver && listener.beat());
  socket.on('pong', () => !isOver && listener.beat());
  socket.on('unexpected-response', (request, { statusCode: status = 0, headers }) => {
    const { location, 'retry-after': retryAfter, 'content-type': contentType } = headers;
    request.destroy();
    end({
      is: 'refused',
      status,
      ...(location !== undefined && { location }),
      ...(retryAfter !== undefined && { retryAfter }),
      ...(contentType !== undefined && { contentType }),
    });
  });
  socket.on('error', (error) => end({ is: 'error', error }));
  socket.on('close', (code, reason) => end({ is: 'closed', code, reason: reason.toString() }));
  const whenOpen = (act: () => void): void => {
    if (!isOver && socket.readyState === WebSocket.OPEN) act();
  };
  return {
    send: (frame) => whenOpen(() => socket.send(frame)),
    ping: () => whenOpen(() => socket.ping()),
    pause: () => whenOpen(() => socket.pause()),
    resume: () => whenOpen(() => socket.resume()),
    close() {
      if (isOver) return;
      isOver = true;
      if (socket.readyState === WebSocket.OPEN) socket.close(1000);
      socket.terminate();
    },
  };
}
