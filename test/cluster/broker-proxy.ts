import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a worker and its broker, to cut and to freeze their connections. */
export class BrokerProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  #isFrozen = false;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    // A server that listens on a port has such an address.
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(target: number, delayMs = 0): Promise<BrokerProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((from) => {
      const to = connect(target, '127.0.0.1');
      for (const [socket, other] of [
        [from, to],
        [to, from],
      ] as const) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
        socket.on('data', (chunk) => {
          const pass = (): unknown => other.write(chunk) || socket.pause();
          delayMs > 0 ? setTimeout(pass, delayMs) : pass();
        });
        other.on('drain', () => {
          if (!proxy.#isFrozen) socket.resume();
        });
        if (proxy.#isFrozen) socket.pause();
      }
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const proxy = new BrokerProxy(server, sockets);
    return proxy;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nothing comes through, and no side hears that the other is away. */
  freeze(isFrozen: boolean): void {
    this.#isFrozen = isFrozen;
    for (const socket of this.#sockets) isFrozen ? socket.pause() : socket.resume();
  }

  end(): void {
    this.#server.close();
    this.cut();
  }
}
