import { stat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** No process opens or closes a journal for so long, in ms, unless it was stopped meanwhile. */
const WAIT_MS = 10_000;

/**
 * Does the work while no other process of this machine opens or closes the journal in this directory: LMDB bears neither
 * beside another process that does. The lock is a local socket, whose name the system takes back from a dead process.
 */
export async function alone<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const waiting: Socket[] = [];
  const server = createServer((socket) => void waiting.push(socket.on('error', () => {})));
  const place = await stat(directory).catch(() => undefined);
  // In a directory that is gone there is nobody else.
  if (place !== undefined) await listen(server, addressOf(`sluice-journal-${place.dev}-${place.ino}`));
  try {
    return await work();
  } finally {
    server.close();
    for (const socket of waiting) socket.destroy();
  }
}

function addressOf(name: string): string {
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
}

/** Resolves when the address is this process's own. */
async function listen(server: Server, address: string): Promise<void> {
  for (;;) {
    const failed = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve).listen(address, () => resolve(undefined));
    });
    server.removeAllListeners('error');
    if (failed === undefined) return;
    if (failed.code !== 'EADDRINUSE') throw failed;
    await untilFree(address);
  }
}

/** Until the holder lets go or dies. */
async function untilFree(address: string): Promise<void> {
  const failed = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const socket = connect(address).once('error', resolve);
    socket.once('close', () => resolve(undefined));
    socket.setTimeout(WAIT_MS, () => socket.destroy(new Error(`another process opens it for more than ${WAIT_MS} ms`)));
  });
  if (failed !== undefined && failed.code === undefined) throw failed;
  // Where the name is a file, a dead process leaves it.
  if (failed?.code === 'ECONNREFUSED') await unlink(address).catch(() => {});
}
