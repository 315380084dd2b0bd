/** To close a connection with unread bytes resets it, and its sender may lose the answer: so they are read and dropped. */
import type { Server } from 'node:http';
import type { Readable } from 'node:stream';

/** A sender that sends more than this after its refusal is cut off. */
const REST_BYTES_MAX = 1_048_576;
const STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Reads and drops what the sender of a refused request still sends. */
export function dropRest(source: Readable): void {
  let bytes = 0;
  source.on('data', (chunk: Buffer | string) => {
    bytes += chunk.length;
    if (bytes > REST_BYTES_MAX) source.destroy();
  });
}

/** Answers what is no request, such as one whose headers are too long. Node does so too, but resets the connection. */
export function refuseUnparsable(server: Server): void {
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => {
    // It went away, or was refused before and has not closed its side in time.
    if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    socket.end(`HTTP/1.1 ${STATUS[code] ?? '400 Bad Request'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    dropRest(socket.removeAllListeners('data'));
  });
}
